"""Posteriors of any kind by their own `sample` and `log_prob`, part by part of the latent."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Distribution, Independent
from torch.distributions import Normal as NormalDistribution

from disentangle_eval.api import Subject
from disentangle_eval.errors import UsageError
from disentangle_eval.latents import OneHot, Part, Prior
from disentangle_eval.metrics.toolbox.aggregate_posterior import AggregateDensity, AggregateSample
from disentangle_eval.metrics.toolbox.encoding import batch_size_on, device_of, image_batches
from disentangle_eval.metrics.toolbox.posteriors import base_of, mean_kl, posterior_of
from disentangle_eval.nn.categorical import ProductDistribution
from disentangle_eval.runtime.draws import stream_seed
from disentangle_eval.runtime.evaluating import evaluating
from disentangle_eval.runtime.progress import counted

# Numbers of log densities at once.
CPU_NUMBERS = 2**22
ACCELERATOR_NUMBERS = 2**28


@contextmanager
def seeded_sampling(device: torch.device, seed: int, *purpose: str | int) -> Iterator[None]:
    """Within, `Distribution.sample` draws from a stream; the global generators are afterwards as they were."""
    accelerator = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=accelerator):
        torch.default_generator.manual_seed(stream_seed(seed, *purpose))
        if accelerator:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(stream_seed(seed, *purpose))
        yield


def is_normal(q: Distribution) -> bool:
    """Whether a posterior is a diagonal normal distribution."""
    return isinstance(base_of(q), NormalDistribution)


def first_posterior(subject: Subject) -> Distribution:
    """The posterior of the first image, by which its kind is known."""
    model = subject.model
    with evaluating(model):
        ((_, image),) = image_batches(model, subject.data, np.zeros(1, dtype=np.int64))
        return posterior_of(model, image)


def log_prob_of_vectors(q: Distribution, z: Tensor) -> Tensor:
    """log q(z|x) of a posterior over (B, Z) at z (..., B, Z): (..., B) nats."""
    density: Tensor = q.log_prob(z)
    return density if q.event_shape else density.sum(dim=-1)


def log_prob_by_part(q: Distribution, z: Tensor) -> Tensor:
    """log q(z_j|x) of a posterior over (B, Z) at z (..., B, Z), one column per independent part: (..., B, J) nats.

    Parts are the dimensions of a distribution of batch shape (B, Z), or an `Independent` one; those of each factor of a
    `ProductDistribution`; and the whole vector of any other, such as a one-hot vector or a mixture.
    """
    if isinstance(q, ProductDistribution):
        columns = z.split(q.widths, dim=-1)
        return torch.cat([log_prob_by_part(part, some) for part, some in zip(q.parts, columns, strict=True)], dim=-1)
    if isinstance(q, Independent):
        return log_prob_by_part(q.base_dist, z)
    density: Tensor = q.log_prob(z)
    return density.unsqueeze(-1) if q.event_shape else density


def widths_of_parts(q: Distribution) -> list[int]:
    """Columns of each part that `log_prob_by_part` has."""
    if isinstance(q, ProductDistribution):
        return [width for part in q.parts for width in widths_of_parts(part)]
    if isinstance(q, Independent):
        return widths_of_parts(q.base_dist)
    return [q.event_shape[0]] if q.event_shape else [1] * q.batch_shape[-1]


def prior_by_part(prior: Any, z: Tensor, widths: Sequence[int]) -> Tensor | None:
    """log p(z_j) of samples z (S, Z), (S, J) nats, where the prior has the same parts as the posterior; else None."""
    if not isinstance(prior, Prior):
        return None
    own = [width for part in prior.parts for width in ([part.width] if isinstance(part, OneHot) else [1] * part.width)]
    if own != list(widths):
        return None
    singles: list[Part] = []
    for part in prior.parts:
        singles += [part] if isinstance(part, OneHot) else [replace(part, dim=1)] * part.width
    columns = z.split(list(widths), dim=1)
    return torch.stack([part.log_prob(some) for part, some in zip(singles, columns, strict=True)], dim=1)


@dataclass(frozen=True)
class PosteriorBatches:
    """The posteriors of N images, in batches in their order; `widths` are the columns of each independent part."""

    batches: tuple[Distribution, ...]
    widths: list[int]
    device: torch.device

    def __len__(self) -> int:
        return sum(q.batch_shape[0] for q in self.batches)

    def mean_kl(self, prior: Any) -> float | None:
        """The mean KL of a posterior to the prior in closed form, nats, where there is one."""
        total = 0.0
        for q in self.batches:
            kl = mean_kl(q, prior)
            if kl is None:
                return None
            total += float(kl.sum()) * q.batch_shape[0]
        return total / len(self)

    def sample(self, samples: int, seed: int) -> tuple[AggregateSample, Tensor]:
        """Samples of q(z), each from another image for as long as there are enough, and log q(z|x), (S,) nats float64.

        The posterior in log q(z|x) is the one that z was drawn from.
        """
        chosen = np.random.default_rng(seed).choice(len(self), samples, replace=samples > len(self))
        latents = torch.empty(samples, sum(self.widths), device=self.device)
        densities = torch.empty(samples, dtype=torch.float64, device=self.device)
        start = 0
        with seeded_sampling(self.device, seed, "aggregate posterior"):
            for q in self.batches:
                size = q.batch_shape[0]
                (here,) = np.nonzero((chosen >= start) & (chosen < start + size))
                rows, turn = chosen[here] - start, _occurrence(chosen[here])
                for repeat in range(int(turn.max(initial=-1)) + 1):
                    z = q.sample()
                    density = log_prob_of_vectors(q, z)
                    some = turn == repeat
                    target, source = (torch.from_numpy(part[some]).to(self.device) for part in (here, rows))
                    latents[target] = z[source]
                    densities[target] = density[source].double()
                start += size
        return AggregateSample(latents, torch.from_numpy(chosen).to(self.device)), densities

    def density(self, z: Tensor) -> AggregateDensity:
        """log q(z) = log (1/N) sum_n q(z|x_n) over all posteriors, and that of each part, at z (S, Z) drawn of them."""
        joint = torch.full((len(z),), -math.inf, dtype=torch.float64, device=z.device)
        parts = torch.full((len(z), len(self.widths)), -math.inf, dtype=torch.float64, device=z.device)
        numbers = batch_size_on(self.device, CPU_NUMBERS, ACCELERATOR_NUMBERS)
        for q in counted(self.batches, "densities of samples, batches of posteriors", len(self.batches)):
            rows = max(1, numbers // (q.batch_shape[0] * z.shape[1]))
            for first in range(0, len(z), rows):
                some = slice(first, first + rows)
                by_part = log_prob_by_part(q, z[some, None].expand(-1, q.batch_shape[0], -1)).double()
                joint[some] = torch.logaddexp(joint[some], by_part.sum(dim=-1).logsumexp(dim=1))
                parts[some] = torch.logaddexp(parts[some], by_part.logsumexp(dim=1))
        return AggregateDensity(joint - math.log(len(self)), parts - math.log(len(self)))


def posterior_batches(subject: Subject, index: np.ndarray) -> PosteriorBatches:
    """The posteriors of the images of `index` (n,), in that order, of whatever kind.

    UsageError for fewer than two images; DevalError for a posterior that torch refuses.
    """
    if len(index) < 2:
        raise UsageError("posteriors", received=f"{len(index)} images", expected="at least 2")
    model, batches = subject.model, []
    with evaluating(model):
        for _, images in image_batches(model, subject.data, index):
            batches.append(posterior_of(model, images))
    return PosteriorBatches(tuple(batches), widths_of_parts(batches[0]), device_of(model))


def _occurrence(values: np.ndarray) -> np.ndarray:
    """How often each value has come before, (n,): 0 for the first of its kind."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    first = np.searchsorted(ordered, ordered)
    turn = np.empty(len(values), dtype=np.int64)
    turn[order] = np.arange(len(values)) - first
    return turn
