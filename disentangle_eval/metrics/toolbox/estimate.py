"""Means of samples, with how far off they may be."""

from __future__ import annotations

import math

from torch import Tensor


def mean_and_error(samples: Tensor) -> tuple[float, float]:
    """The mean of independent samples (n,), n of at least 2, and its standard error."""
    return float(samples.mean()), float(samples.std()) / math.sqrt(len(samples))
