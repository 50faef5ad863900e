"""The 95% confidence interval of a mean."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

COVERAGE = 0.95


def mean_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """The 95% confidence interval of a mean by Student's t distribution; None for fewer than two values.

    It is mean ± t s / sqrt(n): s is the standard deviation of the n values with n - 1 in its denominator, t the 97.5%
    quantile of Student's distribution with n - 1 degrees of freedom (Student, 1908). It contains the true mean of
    independent normal values in 95% of cases, for every n. Equal values give (mean, mean). The interval of a paired
    difference is that of the differences.
    """
    if len(values) < 2:
        return None
    from scipy.special import stdtrit

    mean = statistics.fmean(values)
    quantile = float(stdtrit(len(values) - 1, (1 + COVERAGE) / 2))
    half = quantile * statistics.stdev(values) / math.sqrt(len(values))
    return mean - half, mean + half
