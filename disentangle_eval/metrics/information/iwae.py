"""The importance-weighted bound on the likelihood (Burda et al., 2016, "Importance Weighted Autoencoders")."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Distribution

from disentangle_eval.api import Metric, Scores, Subject
from disentangle_eval.errors import DevalError
from disentangle_eval.metrics.information.config import IWAEConfig
from disentangle_eval.metrics.toolbox.encoding import batch_size_on, device_of, image_batches, seconds_of
from disentangle_eval.metrics.toolbox.posterior_parts import (
    first_posterior,
    is_normal,
    log_prob_of_vectors,
    seeded_sampling,
)
from disentangle_eval.metrics.toolbox.posteriors import PosteriorTable, posterior_of, posterior_table
from disentangle_eval.metrics.toolbox.samples import random_images
from disentangle_eval.metrics.toolbox.statistics import mean_and_error
from disentangle_eval.runtime.draws import GeneratorDraw, stream_seed
from disentangle_eval.runtime.evaluating import evaluating

# Images and particles drawn at once; what is decoded at once does not change the draws.
IMAGES = 16
PARTICLES = 512


class IWAEMetric(Metric[IWAEConfig]):
    """log p(x) >= log (1/K) sum_k p(x|z_k) p(z_k) / q(z_k|x), z_k ~ q(z|x), nats per image, averaged over images.

    Values: `value`, the mean, with its `standard_error` over images; `elbo`, the bound of one particle on average, and
    `reconstruction`, E[-log p(x|z)], both from the same particles and with their `_standard_error`s; `num_images`, how
    many were taken.

    A posterior that is not normal is sampled by its own `sample` and weighed by its own `log_prob`. DevalError for
    densities that are not finite.
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        data = subject.data
        index = random_images(len(data), self.cfg.num_images, seed)
        found = bounds(subject, index, self.cfg.particles, seed)
        values: dict[str, Any] = {}
        values["value"], values["standard_error"] = mean_and_error(found.log_likelihood)
        values["elbo"], values["elbo_standard_error"] = mean_and_error(found.elbo)
        values["reconstruction"], values["reconstruction_standard_error"] = mean_and_error(found.reconstruction)
        counts = {"particles": self.cfg.particles, "num_images": len(index)}
        return Scores({**values, "num_images": len(index)}, counts=counts)

    def seconds(self, subject: Subject, seed: int) -> float:
        images, particles = min(self.cfg.num_images or len(subject), len(subject)), min(self.cfg.particles, PARTICLES)
        two = np.arange(2)
        trial = seconds_of(lambda: bounds(subject, two, particles, seed), device_of(subject.model))
        return trial / len(two) * images * self.cfg.particles / particles


@dataclass(frozen=True)
class Bounds:
    """Of N images, nats, (N,) float64 each: both bounds on log p(x), and E[-log p(x|z)]."""

    log_likelihood: Tensor
    elbo: Tensor
    reconstruction: Tensor


def bounds(subject: Subject, index: np.ndarray, particles: int, seed: int, rows: int | None = None) -> Bounds:
    """The bounds of the images of `index` (n,), ascending.

    `rows` is how many particles are decoded at once; it fits the device unless it is given, and the bounds do not
    depend on it. DevalError where one is not finite.
    """
    model = subject.model
    data = subject.data
    normal = is_normal(first_posterior(subject))
    table = posterior_table(subject, index) if normal else None
    device = device_of(model)
    rows = rows or batch_size_on(device, accelerator=8192)
    draw = GeneratorDraw(stream_seed(seed, "iwae"), device)
    found, done = [], 0
    with evaluating(model), seeded_sampling(device, seed, "iwae"):
        for batch, images in image_batches(model, data, index, IMAGES, "iwae, images"):
            some = torch.arange(done, done + len(batch), device=device)
            draws: Draws = _Any(posterior_of(model, images)) if table is None else _Normal(table[some], draw)
            found.append(_bounds_of_batch(model, images, draws, particles, rows))
            done += len(batch)
    stacked = torch.cat(found, dim=1)
    if not bool(stacked.isfinite().all()):
        raise DevalError(
            type(model).__name__,
            received="log p(x|z), log p(z) or log q(z|x) of NaN or infinity",
            expected="finite numbers",
            advice="the posterior needs variances of a usual size, and the prior a density wherever it has one",
        )
    return Bounds(*stacked)


class Draws(Protocol):
    """The posteriors of a batch of images, as the source of their particles."""

    def particles(self, owner: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """`count` particles of each image, those of one image side by side: z (B count, Z), log q(z|x) (B count,).

        `owner` (B count,) is the row of each particle's image.
        """


@dataclass(frozen=True)
class _Normal:
    posteriors: PosteriorTable
    draw: GeneratorDraw

    def particles(self, owner: Tensor, count: int) -> tuple[Tensor, Tensor]:
        z = self.posteriors[owner].sample(self.draw)
        return z, self.posteriors[owner].log_density(z).sum(dim=1, dtype=torch.float64)


@dataclass(frozen=True)
class _Any:
    posterior: Distribution

    def particles(self, owner: Tensor, count: int) -> tuple[Tensor, Tensor]:
        z = self.posterior.sample(torch.Size([count]))
        log_q = log_prob_of_vectors(self.posterior, z).double()
        return z.transpose(0, 1).flatten(0, 1), log_q.T.flatten()


def _bounds_of_batch(model: Any, images: Tensor, draws: Draws, particles: int, rows: int) -> Tensor:
    """The three rows of `Bounds`, (3, B) float64, by a running logsumexp over the particles."""
    n = len(images)
    total = torch.full((n,), -math.inf, dtype=torch.float64, device=images.device)
    sums = torch.zeros(2, n, dtype=torch.float64, device=images.device)
    for count in _parts(particles, PARTICLES):
        # The same image's particles are side by side, so that those decoded together share it.
        owner = torch.arange(n, device=images.device).repeat_interleave(count)
        z, log_q = draws.particles(owner, count)
        log_p_x = torch.cat(
            [
                model.log_likelihood(images[one], z_one)
                for one, z_one in zip(owner.split(rows), z.split(rows), strict=True)
            ]
        ).double()
        log_weight = (log_p_x + model.prior.log_prob(z.double()) - log_q).view(n, count)
        total = torch.logaddexp(total, log_weight.logsumexp(dim=1))
        sums += torch.stack([log_weight.sum(dim=1), -log_p_x.view(n, count).sum(dim=1)])
    return torch.cat([total[None] - math.log(particles), sums / particles])


def _parts(total: int, most: int) -> Iterator[int]:
    for start in range(0, total, most):
        yield min(most, total - start)
