"""The lead of the best code dimension over the next, for every factor."""

from __future__ import annotations

import numpy as np


def gaps(matrix: np.ndarray) -> np.ndarray:
    """Scores (K, F) of K code dimensions for F factors -> the best less the second best of each factor, (F,).

    0 where there is one dimension alone, which leads over nothing.
    """
    if len(matrix) < 2:
        return np.zeros(matrix.shape[1])
    ascending = np.sort(matrix, axis=0)
    lead: np.ndarray = ascending[-1] - ascending[-2]
    return lead
