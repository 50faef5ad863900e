"""Categorical latents: relaxed samples, divergence from a uniform prior, and posteriors with parts of several kinds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Size, Tensor
from torch.distributions import Distribution

from disentangle_eval.api import Draw


def sample_concrete(logits: Tensor, temperature: float, draw: Draw) -> Tensor:
    """A reparameterised sample of the concrete distribution, of the shape of `logits` (..., classes); rows sum to 1.

    softmax((logits + g) / temperature) with Gumbel noise g (Maddison et al., 2017; Jang et al., 2017, equation 2).
    """
    uniform = draw.uniform(*logits.shape).clamp(min=torch.finfo(torch.float32).tiny)
    return ((logits.log_softmax(dim=-1) - (-uniform.log()).log()) / temperature).softmax(dim=-1)


def kl_to_uniform(logits: Tensor) -> Tensor:
    """KL of categorical distributions from the uniform one, (..., classes) -> (...) nats: log classes - entropy."""
    log_probability = logits.log_softmax(dim=-1)
    return math.log(logits.shape[-1]) + (log_probability.exp() * log_probability).sum(dim=-1)


class ProductDistribution(Distribution):
    """Independent distributions of the parts of a latent, joined to one over vectors (B, Z).

    Each part is over vectors itself, of batch shape (B,), such as `OneHotCategorical` or `Independent(Normal(...), 1)`;
    their columns follow each other in the order given.
    """

    arg_constraints: ClassVar[dict[str, Any]] = {}

    def __init__(self, parts: Sequence[Distribution]) -> None:
        self.parts = tuple(parts)
        shapes = {tuple(part.batch_shape) for part in self.parts}
        if len(shapes) != 1 or any(len(part.event_shape) != 1 for part in self.parts):
            received = ", ".join(f"{tuple(part.batch_shape)} and {tuple(part.event_shape)}" for part in self.parts)
            raise ValueError(f"parts: received batch and event shapes {received}, expected one batch shape and vectors")
        self.widths = [part.event_shape[0] for part in self.parts]
        super().__init__(self.parts[0].batch_shape, Size([sum(self.widths)]), validate_args=False)

    @property
    def mean(self) -> Tensor:
        """Means of the parts, concatenated; of a one-hot part the probabilities."""
        return torch.cat([part.mean for part in self.parts], dim=-1)

    def sample(self, sample_shape: Size | Sequence[int] = ()) -> Tensor:
        """Samples `(*sample_shape, B, Z)`, from torch's global generator as of every `Distribution`."""
        return torch.cat([part.sample(Size(sample_shape)) for part in self.parts], dim=-1)

    def log_prob(self, value: Tensor) -> Tensor:
        """(..., B, Z) -> (..., B) nats: the sum over parts."""
        columns = value.split(self.widths, dim=-1)
        return torch.stack([part.log_prob(some) for part, some in zip(self.parts, columns, strict=True)]).sum(dim=0)
