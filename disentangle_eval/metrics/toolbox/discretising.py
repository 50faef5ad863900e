"""Codes as classes: real numbers by a histogram, categorical columns as they are."""

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
            raise DevalError(f"codes: received numbers from {low:g} to {high:g}, too far apart to take a histogram of")
    try:
        edges = np.histogram_bin_edges(column, bins)
    except ValueError:
        # The range is a few roundings wide, as where a dimension has collapsed: numpy has no edges between them.
        distinct: np.ndarray = np.unique(column, return_inverse=True)[1].astype(np.int64)
        return distinct
    classes: np.ndarray = np.digitize(column, edges[:-1]).astype(np.int64) - 1
    return classes
