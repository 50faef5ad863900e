"""How much a code varies over a set of images, for real numbers and for classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from disentangle_eval.errors import DevalError
from disentangle_eval.latents import Categorical, CodeDimension


def variances(codes: np.ndarray, code: Sequence[CodeDimension], dtype: type | None = None) -> np.ndarray:
    """Codes (..., N, K) -> (..., K): the unbiased variance of each column, Gini's where it holds classes.

    Computed in `dtype`, or in the precision of the codes.
    """
    result: np.ndarray = np.var(codes, axis=-2, ddof=1, dtype=dtype)
    for j, dimension in enumerate(code):
        if isinstance(dimension, Categorical):
            result[..., j] = gini_variance(codes[..., j].astype(np.int64), dimension.classes)
    return result


def gini_variance(classes: np.ndarray, n_classes: int) -> np.ndarray:
    """Class indices (..., N) -> (...): half the share of ordered pairs of different images whose classes differ.

    N / (2 (N - 1)) * (1 - sum of the squared class frequencies); Kim & Mnih (2018), section on discrete latents.
    """
    *sets, n = classes.shape
    rows = classes.reshape(-1, n)
    cell = np.arange(len(rows))[:, None] * n_classes + rows
    counts = np.bincount(cell.ravel(), minlength=len(rows) * n_classes).reshape(*sets, n_classes)
    differing: np.ndarray = 1 - np.square(counts / n).sum(axis=-1)
    result: np.ndarray = n / (2 * (n - 1)) * differing
    return result


def varies(codes: np.ndarray) -> np.ndarray:
    """Codes (N, K) -> which columns have a variance above 0 in the precision of the codes, (K,).

    DevalError for numbers too large to take variances of.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        variance = codes.var(axis=0)
    if not np.isfinite(variance).all():
        raise DevalError(f"codes: received numbers up to {np.abs(codes).max():g}, too large to take variances of")
    # Rounding of the mean can give a constant column a variance.
    result: np.ndarray = (codes.min(axis=0) < codes.max(axis=0)) & (variance > 0)
    return result
