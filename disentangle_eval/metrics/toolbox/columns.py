"""The columns of a code, of real numbers or of classes: as bins, as one-hot columns, and how far they vary."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from disentangle_eval.errors import DevalError
from disentangle_eval.latents import Categorical, CodeDimension


def discretise(codes: np.ndarray, code: Sequence[CodeDimension], bins: int) -> np.ndarray:
    """Codes (N, K) -> classes (N, K) int64 from 0: `bins` of equal width over a column's range, or its own classes.

    The edges are numpy's and have the precision of the codes, as in disentanglement_lib (Locatello et al., 2019). A
    constant column is one class. A column whose range has fewer numbers than bins has a class for each distinct number.
    DevalError for numbers too large to take a range of.
    """
    columns = [
        codes[:, j].astype(np.int64) if isinstance(dimension, Categorical) else histogram_class(codes[:, j], bins)
        for j, dimension in enumerate(code)
    ]
    return np.stack(columns, axis=1)


def histogram_class(column: np.ndarray, bins: int) -> np.ndarray:
    """Real numbers (N,) -> the bin of each, (N,) int64 from 0."""
    low, high = column.min(), column.max()
    with np.errstate(over="ignore"):
        if not np.isfinite(high - low):
            raise DevalError(
                "codes",
                received=f"numbers from {low:g} to {high:g}, too far apart to take a histogram of",
                expected="a range that is finite",
                advice="divide the codes by a constant",
            )
    try:
        edges = np.histogram_bin_edges(column, bins)
    except ValueError:
        # The range is a few roundings wide, as where a dimension has collapsed: numpy has no edges between them.
        distinct: np.ndarray = np.unique(column, return_inverse=True)[1].astype(np.int64)
        return distinct
    classes: np.ndarray = np.digitize(column, edges[:-1]).astype(np.int64) - 1
    return classes


def one_hot_blocks(codes: np.ndarray, code: Sequence[CodeDimension]) -> list[np.ndarray]:
    """Codes (N, K) -> K blocks: (N, 1) for a real number, (N, classes) of 0 and 1 for a column of classes.

    In the precision of the codes.
    """
    return [_block(codes[:, j], dimension) for j, dimension in enumerate(code)]


def _block(column: np.ndarray, dimension: CodeDimension) -> np.ndarray:
    if isinstance(dimension, Categorical):
        one_hot: np.ndarray = (column[:, None] == np.arange(dimension.classes)).astype(column.dtype)
        return one_hot
    return column[:, None]


def sums_by_block(values: np.ndarray, blocks: Sequence[np.ndarray]) -> np.ndarray:
    """One number per column of K blocks -> the sum over the columns of each block, (K,)."""
    starts = np.cumsum([0, *(block.shape[1] for block in blocks[:-1])])
    sums: np.ndarray = np.add.reduceat(values, starts)
    return sums


def in_usual_units(fitted: np.ndarray, *others: np.ndarray) -> list[np.ndarray]:
    """Columns (N, C) that a model is fitted to, and others (M, C), with those of extreme units brought to usual ones.

    A column whose range over `fitted` is below 2^-10 or above 2^20, or below a 2^10-th of its distance from 0, is
    centred in float64 and multiplied by the power of two that brings its range to between 1 and 2. All others, and
    constant ones, keep their bits. Trees cut float32 numbers that are 1e-7 apart, and linear classifiers penalise
    weights, so neither can use columns in such units.
    """
    low, high = (ends(axis=0).astype(np.float64) for ends in (fitted.min, fitted.max))
    with np.errstate(over="ignore"):
        width = high - low
        far = np.maximum(np.abs(low), np.abs(high)) > width * 2.0**10
    if not np.isfinite(width).all():
        raise DevalError(
            "codes",
            received=f"numbers up to {np.abs(fitted).max():g}, too far apart to take differences of",
            expected="differences that are finite",
            advice="divide the codes by a constant",
        )
    extreme = (width > 0) & ((width < 2.0**-10) | (width > 2.0**20) | far)
    if not extreme.any():
        return [fitted, *others]
    centre, scale = (low + width / 2)[extreme], np.exp2(-np.floor(np.log2(width[extreme])))
    changed = []
    for table in (fitted, *others):
        usual = table.astype(np.float64)
        usual[:, extreme] = (usual[:, extreme] - centre) * scale
        changed.append(usual)
    return changed


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


def too_large(codes: np.ndarray) -> DevalError:
    """The error to raise for codes whose variance is not finite."""
    return DevalError(
        "codes",
        received=f"numbers up to {np.abs(codes).max():g}, too large to take variances of",
        expected="numbers whose squares are finite",
        advice="divide the codes by a constant",
    )


def varies(codes: np.ndarray) -> np.ndarray:
    """Codes (N, K) -> which columns have a variance above 0 in the precision of the codes, (K,).

    DevalError for numbers too large to take variances of.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        variance = codes.var(axis=0)
    if not np.isfinite(variance).all():
        raise too_large(codes)
    # Rounding of the mean can give a constant column a variance.
    result: np.ndarray = (codes.min(axis=0) < codes.max(axis=0)) & (variance > 0)
    return result
