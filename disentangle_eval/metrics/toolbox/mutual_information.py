"""Entropy and mutual information of columns of classes, from their counts."""

from __future__ import annotations

import numpy as np


def mutual_information(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Columns of classes (N, K) and (N, F), ints from 0 -> the mutual information of each pair, (K, F) in nats.

    That of the empirical distribution, so it is biased upwards. Exactly 0 where either column is constant.
    """
    return np.stack([_with_each_column(column, b) for column in a.T])


def entropy(b: np.ndarray) -> np.ndarray:
    """Columns of classes (N, F), ints from 0 -> the entropy of each, (F,) in nats."""
    return np.array([_entropy(np.bincount(column)) for column in b.T])


def _with_each_column(column: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Classes (N,) and columns of classes (N, F) -> (F,) nats."""
    sizes = b.max(axis=0) + 1
    start = np.cumsum(sizes) - sizes
    rows, width = int(column.max()) + 1, int(sizes.sum())
    cell = column[:, None] * width + (start + b)
    joint = np.bincount(cell.ravel(), minlength=rows * width).reshape(rows, width).astype(np.float64)
    independent = np.bincount(column)[:, None] * joint.sum(axis=0)
    # Products of counts are exact, so the ratio is exactly 1 where a cell holds what independence predicts.
    ratio = np.divide(joint * len(column), independent, out=np.ones_like(joint), where=joint > 0)
    terms = joint / len(column) * np.log(ratio)
    information: np.ndarray = np.add.reduceat(terms.sum(axis=0), start).clip(0)
    return information


def _entropy(counts: np.ndarray) -> float:
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log(share)).sum()) + 0.0
