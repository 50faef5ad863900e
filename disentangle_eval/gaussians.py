"""Diagonal normal distributions, given by mean and log variance: KL, entropy, sampling and log density.

Every function works dimension by dimension and returns nats; sum over dimensions for the whole distribution. Arguments
may have any shapes that broadcast, such as (B, Z), and gradients flow through all of them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from disentangle_eval.api import Draw

LOG_2_PI = math.log(2 * math.pi)


def sample(mean: Tensor, log_variance: Tensor, draw: Draw) -> Tensor:
    """A reparameterised sample, mean + exp(log_variance / 2) * noise, of the shape of `mean` (Kingma & Welling, 2014).

    `draw` provides the randomness; in training it is the `Step`.
    """
    return mean + (0.5 * log_variance).exp() * draw.normal(*mean.shape)


def kl_to_standard(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, exp(log_variance)) || N(0, 1)) per dimension, nats (Kingma & Welling, 2014, appendix B)."""
    return 0.5 * (mean.square() + log_variance.exp() - log_variance - 1)


def entropy(log_variance: Tensor) -> Tensor:
    """Differential entropy of N(mean, exp(log_variance)) per dimension, nats: (1 + log 2 pi + log_variance) / 2."""
    return 0.5 * (1 + LOG_2_PI + log_variance)


def log_density(z: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """log N(z; mean, exp(log_variance)) per dimension, nats."""
    return -0.5 * (LOG_2_PI + log_variance + (z - mean).square() * (-log_variance).exp())


def standard_log_density(z: Tensor) -> Tensor:
    """log N(z; 0, 1) per dimension, nats."""
    return -0.5 * (z.square() + LOG_2_PI)
