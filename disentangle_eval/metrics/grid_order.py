"""Whether codes said to be in grid order look as if the order were another one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, permutations

import numpy as np

from disentangle_eval.data.factors import FactorSpace

# Rows that are looked at, orders that are tried, and by how much of the factors' mean explained variance another order
# must lead. A code that is right and entangled leads by less under a wrong order, an uninformative one by nothing.
ROWS = 2000
ORDERS = 720
LEAD = 0.25


def better_order(codes: np.ndarray, factors: FactorSpace) -> tuple[int, ...] | None:
    """Codes (N, K) in the order of a full grid -> factor sizes in another order that explain them far better, or None.

    How well an order explains the codes is, for each factor, the largest share of a column's variance that is between
    the factor's classes, averaged over factors of two classes or more.
    """
    if sum(size > 1 for size in factors.sizes) < 2 or len(set(factors.sizes)) < 2:
        return None
    rows = np.sort(np.random.default_rng(0).permutation(len(codes))[:ROWS])
    columns = _standardised(codes[rows].astype(np.float64))
    if not columns.shape[1]:
        return None
    stated = _explained(columns, rows, factors.sizes)
    best, sizes = max((_explained(columns, rows, order), order) for order in _other_orders(factors.sizes))
    return sizes if best > stated + LEAD else None


def _other_orders(sizes: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Other orders of the sizes; for very many factors the reverse and the first ones."""
    yield from (order for order in {sizes[::-1], *islice(permutations(sizes), ORDERS)} if order != sizes)


def _explained(columns: np.ndarray, rows: np.ndarray, sizes: Sequence[int]) -> float:
    space = FactorSpace(tuple(map(str, range(len(sizes)))), tuple(sizes))
    return float(
        np.mean([_between(columns, c).max() for c, n in zip(space.classes(rows).T, sizes, strict=True) if n > 1])
    )


def _between(columns: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Standardised columns (n, K) and classes (n,) -> the share of each column's variance between classes, (K,)."""
    counts = np.bincount(classes)
    sums = np.stack([np.bincount(classes, weights=column) for column in columns.T])
    share: np.ndarray = (sums**2 / np.maximum(counts, 1)).sum(axis=1) / len(classes)
    # What classes of an unrelated factor would explain, by their number alone.
    chance = (np.count_nonzero(counts) - 1) / max(1, len(classes) - 1)
    beyond: np.ndarray = (share - chance) / max(1 - chance, 1e-9)
    return beyond


def _standardised(columns: np.ndarray) -> np.ndarray:
    deviation = columns.std(axis=0)
    varying = deviation > 0
    standardised: np.ndarray = (columns - columns.mean(axis=0))[:, varying] / deviation[varying]
    return standardised
