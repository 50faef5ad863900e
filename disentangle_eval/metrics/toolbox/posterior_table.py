"""The normal posteriors of many images, each image encoded once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, Normal

from disentangle_eval.api import Draw, Subject
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.metrics.toolbox.encoding import image_batches
from disentangle_eval.runtime.evaluating import evaluating


@dataclass(frozen=True)
class PosteriorTable:
    """q(z|x) = N(mean, diag exp(log_variance)) of N images: (N, Z) float32 each, on the device of the model."""

    mean: Tensor
    log_variance: Tensor

    def __len__(self) -> int:
        return len(self.mean)

    @property
    def device(self) -> torch.device:
        return self.mean.device

    def __getitem__(self, rows: Tensor) -> PosteriorTable:
        """The posteriors of some rows (n,) int64."""
        return PosteriorTable(self.mean[rows], self.log_variance[rows])

    def sample(self, draw: Draw) -> Tensor:
        """One z of each posterior, (N, Z)."""
        return self.mean + (0.5 * self.log_variance).exp() * draw.normal(*self.mean.shape)

    def log_density(self, z: Tensor) -> Tensor:
        """log q(z_j|x) of one z (N, Z) a posterior, nats, (N, Z)."""
        return normal_log_density(z, self.mean, self.log_variance)


def posterior_table(subject: Subject, index: np.ndarray) -> PosteriorTable:
    """The posteriors of the images of `index` (n,), in that order.

    The subject has a model with a posterior, and its data. UsageError for fewer than two images and a posterior that is
    not a diagonal normal distribution, DevalError for one whose parameters are not finite.
    """
    if len(index) < 2:
        raise UsageError(f"posteriors: received {len(index)} images, expected at least 2")
    model: Any = subject.model
    data: Any = subject.data
    means, log_variances = [], []
    with evaluating(model):
        for _, images in image_batches(model, data, index):
            q = diagonal_normal(model.posterior(images), type(model).__name__)
            means.append(q.mean.float())
            log_variances.append(2 * q.stddev.float().log())
    table = PosteriorTable(torch.cat(means), torch.cat(log_variances))
    if not bool(table.mean.isfinite().all() & table.log_variance.isfinite().all()):
        raise DevalError(
            f"{type(model).__name__}.posterior: received a mean or variance that is not finite, or a variance of 0, "
            "expected finite numbers; score an earlier checkpoint of the run"
        )
    return table


def diagonal_normal(q: Distribution, model: str) -> Normal:
    """A posterior as independent normal distributions of its dimensions; UsageError where it is something else."""
    base = q.base_dist if isinstance(q, Independent) else q
    if not isinstance(base, Normal):
        raise UsageError(
            f"{model}.posterior: received {type(base).__name__}, expected Normal(mean, scale) with one entry a latent; "
            "this metric knows no other posterior"
        )
    return base


def normal_log_density(z: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """log N(z; mean, exp(log_variance)) a dimension, nats; the three broadcast against each other."""
    return -0.5 * (math.log(2 * math.pi) + log_variance + (z - mean).square() * (-log_variance).exp())
