"""Numbers read off samples and score tables: means with their errors, gaps, Gaussian total correlation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from disentangle_eval.errors import DevalError

if TYPE_CHECKING:
    from torch import Tensor


def mean_and_error(samples: Tensor) -> tuple[float, float]:
    """The mean of independent samples (n,), n of at least 2, and its standard error."""
    return float(samples.mean()), float(samples.std()) / math.sqrt(len(samples))


def gaps(matrix: np.ndarray) -> np.ndarray:
    """Scores (K, F) of K code dimensions for F factors -> the best less the second best of each factor, (F,).

    0 where there is one dimension alone, which leads over nothing.
    """
    if len(matrix) < 2:
        return np.zeros(matrix.shape[1])
    ascending = np.sort(matrix, axis=0)
    lead: np.ndarray = ascending[-1] - ascending[-2]
    return lead


def gaussian_total_correlation(covariance: np.ndarray) -> float:
    """0.5 (sum_j log S_jj - log det S), nats, of a normal distribution with the covariance S (K, K).

    This is KL(q(z) || prod_j q(z_j)) (Watanabe, 1960): 0 for uncorrelated dimensions, and otherwise above. DevalError
    where a dimension is constant or follows from the others, which makes it infinite: leave such dimensions out.
    """
    variances = np.diag(covariance)
    sign, log_determinant = np.linalg.slogdet(covariance)
    if not ((variances > 0).all() and sign > 0 and np.isfinite(log_determinant)):
        raise DevalError(
            "total correlation",
            received=f"a covariance of {len(variances)} dimensions whose determinant is not above 0",
            expected="none that is constant or follows from the others",
            advice="leave these out",
        )
    return float(0.5 * (np.log(variances).sum() - log_determinant))
