"""Generators whose information about their input is known."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from disentangle_eval.latents import Prior


@dataclass(frozen=True)
class GeneratorSubject:
    """A generator without an encoder or a data set, as a metric is given it."""

    model: Any
    iteration: int | None = None


class Toy(nn.Module):
    """Images (B, 1, 1, Z) of the input itself, plus normal noise of deviation `noise` where there is randomness."""

    def __init__(self, *parts, noise=0.0):
        super().__init__()
        self.prior = Prior(parts)
        self.noise = noise
        self.weight = nn.Parameter(torch.ones(()))

    def generate(self, z: Tensor, draw=None) -> Tensor:
        assert not self.training
        assert not torch.is_grad_enabled()
        x = self.weight * z
        if draw is not None:
            x = x + self.noise * draw.normal(*z.shape)
        return x[:, None, None, :]


class Deaf(Toy):
    """Images of noise alone."""

    def generate(self, z: Tensor, draw=None) -> Tensor:
        return draw.normal(*super().generate(z, draw).shape)
