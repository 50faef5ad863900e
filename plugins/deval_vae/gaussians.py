"""Diagonal normal distributions, given by mean and log variance."""

from __future__ import annotations

import math

from torch import Tensor

from disentangle_eval.api import Draw


def sample(mean: Tensor, log_variance: Tensor, draw: Draw) -> Tensor:
    """A reparameterised sample, the shape of `mean`."""
    return mean + (0.5 * log_variance).exp() * draw.normal(*mean.shape)


def kl_to_standard(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, exp(log_variance)) || N(0, 1)) a dimension, nats, the shape of `mean`."""
    return 0.5 * (mean.square() + log_variance.exp() - log_variance - 1)


def log_density(z: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """log N(z; mean, exp(log_variance)) a dimension, nats; the three broadcast against each other."""
    return -0.5 * (math.log(2 * math.pi) + log_variance + (z - mean).square() * (-log_variance).exp())
