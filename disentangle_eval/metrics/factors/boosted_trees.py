"""Gradient boosted trees for classification: the trees scikit-learn's `GradientBoostingClassifier` grows, sooner.

Friedman, 2001, "Greedy Function Approximation: A Gradient Boosting Machine". Every feature is sorted once for all
trees of all factors. A node keeps its rows in the order of each feature, so that one cumulative sum judges all splits
of all features, and hands its children their parts of these orders.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from scipy.special import expit, softmax

from disentangle_eval.errors import DevalError

# scikit-learn's: neighbours no further apart than this are one value, and a node no more impure than this is a leaf.
_SAME = np.float32(1e-7)
_PURE = np.finfo(np.float64).eps

# In smaller tables than this, in cells, Python's own part of the work leaves a second thread nothing to do.
_WORTH_THREADS = 20_000


class _Split(NamedTuple):
    """A row goes left where its value of `feature` is at most `threshold`. A leaf is the number it predicts."""

    feature: int
    threshold: float
    left: _Split | float
    right: _Split | float


class SortedColumns(NamedTuple):
    """Features (K, N) in float32, the rows (K, N) in ascending order of each, and 1 / 1 to 1 / N, (N,)."""

    values: np.ndarray
    order: np.ndarray
    reciprocals: np.ndarray


def sort_columns(x: np.ndarray) -> SortedColumns:
    """Features (N, K) as trees are fitted to them; DevalError for features that are not finite in float32."""
    columns = _columns(x)
    if not np.isfinite(columns).all():
        raise DevalError(
            "codes", received=f"numbers up to {np.abs(x).max():g}", expected="numbers in the range of float32"
        )
    return SortedColumns(columns, columns.argsort(axis=1, kind="stable"), 1 / np.arange(1, len(x) + 1))


class BoostedTrees:
    """A classifier: in every stage one regression tree per class (a single one for two classes) on the loss's gradient.

    Splits are exact: the midpoint between any two neighbouring values of any feature, in float32, that lowers the
    squared error most; of features that do so equally, `seed` picks one at random, as scikit-learn does. `importances`
    (K,) are the features' shares of the squared error that all splits took away, all 0 where nothing could be split;
    `fitted` (N,) are the classes predicted for the rows that the trees were fitted to.
    Trees of one stage grow in parallel, on as many threads as torch has; their number changes no result.
    """

    importances: np.ndarray
    fitted: np.ndarray

    def __init__(self, stages: int = 100, depth: int = 3, learning_rate: float = 0.1, seed: int = 0) -> None:
        self._stages = stages
        self._depth = depth
        self._learning_rate = learning_rate
        self._seed = seed

    def fit(self, table: SortedColumns, y: np.ndarray) -> BoostedTrees:
        """Features of N rows and their classes (N,), integers."""
        self._classes, target = np.unique(y, return_inverse=True)
        self._start = _start(np.bincount(target) / len(target))
        classes, trees = len(self._classes), len(self._start)
        wanted = (target == np.arange(classes - trees, classes)[:, None]).astype(np.float64)
        raw = np.repeat(self._start[:, None], len(target), axis=1)
        draws = np.random.default_rng(self._seed).random((self._stages, trees, 2**self._depth))
        shrink = (classes - 1) / classes if classes > 2 else 1.0
        gained = np.zeros(len(table.values))
        self._trees: list[list[_Split | float]] = []
        residual = np.empty_like(wanted)

        def subtract(rows: slice) -> None:
            np.subtract(wanted[:, rows], _probability(raw[:, rows]), out=residual[:, rows])

        with _map(table.values.size) as (run, threads):
            ends = [part * len(target) // threads for part in range(threads + 1)]
            parts = [slice(*pair) for pair in pairwise(ends)]
            for stage in range(self._stages if trees else 0):
                run(subtract, parts)

                def grow(k: int, stage: int = stage) -> _Growth:
                    growth = _Growth(table, residual[k], shrink, draws[stage, k])
                    growth.root = growth.node(table.order[0], table.order, self._depth)
                    raw[k] += self._learning_rate * growth.fitted
                    return growth

                grown = run(grow, range(trees))
                self._trees.append([growth.root for growth in grown])
                gained += np.sum([growth.gained for growth in grown], axis=0)
        self.importances = gained / gained.sum() if gained.any() else gained
        self.fitted = self._likeliest(raw)
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        """(N, K) -> classes (N,)."""
        columns = _columns(x)
        raw = np.repeat(self._start[:, None], len(x), axis=1)

        def add(k: int) -> None:
            for trees in self._trees:
                raw[k] += self._learning_rate * _predict(trees[k], columns)

        with _map(columns.size) as (run, _):
            run(add, range(len(raw)))
        return self._likeliest(raw)

    def _likeliest(self, raw: np.ndarray) -> np.ndarray:
        """Scores (trees, N) -> the class of the largest, (N,)."""
        if not len(raw):
            return np.repeat(self._classes, raw.shape[1])
        winner = raw.argmax(axis=0) if len(raw) > 1 else (raw[0] >= 0).astype(np.intp)
        likeliest: np.ndarray = self._classes[winner]
        return likeliest


class _Growth:
    """One tree while it grows on `residual` (N,): its `root`, what it predicts for each row (`fitted`), and by how much
    the splits of each feature lowered the sum of squared errors (`gained`).
    """

    root: _Split | float

    def __init__(self, table: SortedColumns, residual: np.ndarray, shrink: float, draws: np.ndarray) -> None:
        self.fitted = np.empty(len(residual))
        self.gained = np.zeros(len(table.values))
        self._table = table
        self._residual = residual
        self._shrink = shrink
        self._draws = iter(draws)

    def node(self, rows: np.ndarray, order: np.ndarray, depth: int) -> _Split | float:
        """The tree below a node with some `rows` (n,), which `order` (K, n) holds sorted by each feature.

        `depth` is how many levels of splits may follow; without any, `order` is not looked at.
        """
        residual = self._residual.take(rows)
        mean = _mean(residual)
        if depth and len(rows) > 1 and _mean(np.square(residual)) - mean**2 > _PURE:
            gains, position = split_gains(self._table, order, self._residual - mean)
            best = gains.max()
            if best >= 0:
                tied = np.flatnonzero(gains == best)
                feature = int(tied[int(next(self._draws) * len(tied))])
                self.gained[feature] += best
                return self._split(order, feature, int(position[feature]) + 1, depth - 1)
        value = _leaf_value(residual, mean, self._shrink)
        self.fitted[rows] = value
        return value

    def _split(self, order: np.ndarray, feature: int, size: int, depth: int) -> _Split:
        """The tree below a node whose first `size` rows by one feature go left."""
        rows = order[feature]
        left, right = rows[:size], rows[size:]
        below, above = self._table.values[feature, rows[size - 1 : size + 1]].tolist()
        orders = (order, order)
        if depth:
            goes_left = np.zeros(len(self._residual), dtype=bool)
            goes_left[left] = True
            orders = _partition(order, goes_left.take(order))
        return _Split(
            feature,
            below / 2 + above / 2,
            self.node(left, orders[0], depth),
            self.node(right, orders[1], depth),
        )


def split_gains(table: SortedColumns, order: np.ndarray, centred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """By how much the best split of each feature lowers the sum of squared errors (K,), and after which place (K,).

    `order` (K, n) holds the rows of a node sorted by each feature, `centred` (N,) the targets minus their mean over the
    node. The gain is -1 for a feature that is constant over the node.
    """
    features, n = order.shape
    sums = centred.take(order)
    torch.from_numpy(sums).cumsum_(1)
    # The last column, where nothing goes right, can win no more than a tie, which the first place has.
    inverse = np.empty(n)
    inverse[-1] = 0
    reciprocals = table.reciprocals[: n - 1]
    np.add(reciprocals, reciprocals[::-1], out=inverse[:-1])
    np.square(sums, out=sums)
    sums *= inverse
    position = sums.argmax(axis=1)
    each = np.arange(features)
    gains = sums[each, position]
    below, above = table.values[each, order[each, position]], table.values[each, order[each, position + 1]]
    # Equal values cannot be split. They are rare in most codes, so they are looked for where one would be.
    for feature in np.flatnonzero(above <= below + _SAME):
        values = table.values[feature].take(order[feature])
        apart = np.where(values[1:] > values[:-1] + _SAME, sums[feature, :-1], -1)
        position[feature] = apart.argmax()
        gains[feature] = apart[position[feature]]
    return gains, position


def _partition(order: np.ndarray, left: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The entries of `order` (K, n) where `left` (K, n) holds, and the others; as many in every row."""
    flat = order.ravel()
    return (
        flat.take(np.flatnonzero(left)).reshape(len(order), -1),
        flat.take(np.flatnonzero(~left)).reshape(len(order), -1),
    )


def _leaf_value(residual: np.ndarray, mean: float, shrink: float) -> float:
    """One Newton step on the loss. A residual is y - p with y 0 or 1, so p (1 - p) = |residual| (1 - |residual|)."""
    size = np.abs(residual)
    curvature = _mean(size * (1 - size))
    return float(mean * shrink / curvature) if curvature >= 1e-150 else 0.0


def _mean(values: np.ndarray) -> np.float64:
    """The same as `values.mean()`, to the last bit, without the checks that cost more than a short sum."""
    mean: np.float64 = np.add.reduce(values) / len(values)
    return mean


def _columns(x: np.ndarray) -> np.ndarray:
    """(N, K) -> (K, N) float32; what is too large for it becomes infinite."""
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(x.T, dtype=np.float32)


def _start(share: np.ndarray) -> np.ndarray:
    """The initial scores, from the shares of the classes: none for one class, one for two, else one per class."""
    if len(share) == 1:
        return np.empty(0)
    logs = np.log(share)
    start: np.ndarray = logs[1:] - logs[:1] if len(share) == 2 else logs - logs.mean()
    return start


def _probability(raw: np.ndarray) -> np.ndarray:
    """Scores (trees, N) -> the probability of each tree's class, (trees, N)."""
    probability: np.ndarray = expit(raw) if len(raw) == 1 else softmax(raw, axis=0)
    return probability


def _predict(root: _Split | float, columns: np.ndarray) -> np.ndarray | float:
    """(K, N) -> (N,), or the one number that is predicted for all."""
    if not isinstance(root, _Split):
        return root
    values: list[float] = []
    leaf = _leaf(root, columns, values)
    predicted: np.ndarray = np.array(values).take(leaf)
    return predicted


def _leaf(node: _Split | float, columns: np.ndarray, values: list[float]) -> np.ndarray | int:
    """(K, N) -> the number of each row's leaf, (N,) uint16 or one number for all; adds what leaves predict to `values`.

    Sums choose faster than `np.where`, whose branches a processor cannot predict here.
    """
    if not isinstance(node, _Split):
        values.append(node)
        return len(values) - 1
    right: np.ndarray = (~(columns[node.feature] <= _float32_at_most(node.threshold))).astype(np.uint16)
    below, above = _leaf(node.left, columns, values), _leaf(node.right, columns, values)
    # Leaves are numbered from the left, so that no difference is below 0.
    right *= np.subtract(above, below, dtype=np.uint16)
    right += below
    return right


def _float32_at_most(number: float) -> np.float32:
    """The largest float32 that is at most a number: numpy compares a float32 with the one that is nearest to it."""
    nearest = np.float32(number)
    return nearest if float(nearest) <= number else np.nextafter(nearest, np.float32(-np.inf))


@contextmanager
def _map(cells: int) -> Iterator[tuple[Callable, int]]:
    """What runs a function of each of some items, and on how many threads: torch's number of them where a table of so
    many cells makes it worth it.
    """
    threads = torch.get_num_threads()
    if threads == 1 or cells < _WORTH_THREADS:
        yield lambda function, items: list(map(function, items)), 1
        return
    with ThreadPoolExecutor(threads) as pool:
        yield lambda function, items: list(pool.map(function, items)), threads
