"""Statistics of samples and score tables: means with their errors, gaps, Gaussian total correlation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from disentangle_eval.errors import DevalError

if TYPE_CHECKING:
    from torch import Tensor

# Below this an eigenvalue of a correlation matrix is rounding: a dimension follows from others up to a millionth of its
# deviation. Codes in float32 and sums over many images round to less.
SMALLEST_EIGENVALUE = 1e-12


def mean_and_error(samples: Tensor) -> tuple[float, float]:
    """The mean of independent samples (n,), n of at least 2, and its standard error."""
    return float(samples.mean()), float(samples.std()) / math.sqrt(len(samples))


def gaps(matrix: np.ndarray) -> np.ndarray:
    """Scores (K, F) of K code dimensions for F factors -> the best less the second best of each factor, (F,).

    0 for a code of one dimension, which has no second best.
    """
    if len(matrix) < 2:
        return np.zeros(matrix.shape[1])
    ascending = np.sort(matrix, axis=0)
    lead: np.ndarray = ascending[-1] - ascending[-2]
    return lead


def correlation_spectrum(covariance: np.ndarray) -> np.ndarray:
    """The eigenvalues of the correlation matrix of a covariance (K, K) without zeros on its diagonal, (K,)."""
    scale = np.sqrt(np.diag(covariance))
    spectrum: np.ndarray = np.linalg.eigvalsh(covariance / np.outer(scale, scale))
    return spectrum


def gaussian_total_correlation(covariance: np.ndarray, floored: bool = False) -> float:
    """KL(N(0, S) || prod_j N(0, S_jj)) of a covariance S (K, K), nats: -0.5 log det of its correlation matrix.

    0 for uncorrelated dimensions, and otherwise above (Watanabe, 1960). Infinite where a dimension follows from others,
    which is a DevalError, as a constant one is; `floored`, eigenvalues count as `SMALLEST_EIGENVALUE` at least, so that
    each lost dimension adds about 14 nats.
    """
    constant = bool((np.diag(covariance) <= 0).any())
    spectrum = np.zeros(0) if constant else correlation_spectrum(covariance)
    if constant or not (floored or (spectrum > SMALLEST_EIGENVALUE).all()):
        raise DevalError(
            "total correlation",
            received=f"a covariance of {len(covariance)} dimensions whose determinant is not above 0",
            expected="none that is constant or follows from the others",
            advice="leave these out",
        )
    return max(0.0, float(-0.5 * np.log(spectrum.clip(min=SMALLEST_EIGENVALUE)).sum()))
