"""The total correlation of a normal distribution."""

from __future__ import annotations

import numpy as np

from disentangle_eval.errors import DevalError


def gaussian_total_correlation(covariance: np.ndarray) -> float:
    """0.5 (sum_j log S_jj - log det S), nats, of a normal distribution with the covariance S (K, K).

    This is KL(q(z) || prod_j q(z_j)) (Watanabe, 1960): 0 for uncorrelated dimensions, and otherwise above. DevalError
    where a dimension is constant or follows from the others, which makes it infinite: leave such dimensions out.
    """
    variances = np.diag(covariance)
    sign, log_determinant = np.linalg.slogdet(covariance)
    if not ((variances > 0).all() and sign > 0 and np.isfinite(log_determinant)):
        raise DevalError(
            f"total correlation: received a covariance of {len(variances)} dimensions whose determinant is not above "
            "0, expected none that is constant or follows from the others; leave these out"
        )
    return float(0.5 * (np.log(variances).sum() - log_determinant))
