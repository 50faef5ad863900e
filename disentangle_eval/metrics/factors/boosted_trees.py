"""Gradient boosted trees for classification, as scikit-learn's `GradientBoostingClassifier` grows them, but sooner.

Friedman, 2001, "Greedy Function Approximation: A Gradient Boosting Machine", section 4.5 for two classes and 4.6 for
more. Every class k has scores F_k (of two classes the second alone), from which probabilities p_k follow. A stage

1. takes the residuals y_k - p_k, with y_k 1 in the rows of class k and 0 in others: the loss's negative gradient,
2. fits a regression tree to the residuals of each class, which splits where that lowers the squared error most,
3. gives each leaf the value of one Newton step on the loss, and adds the leaves' values times the learning rate to F_k.

Equal to scikit-learn's are the thresholds, which are midpoints in float64 of float32 values, and the predicted classes;
importances are up to rounding. Of equally good splits both choose one at random, scikit-learn by another generator.

It is sooner because every feature is sorted once, for all trees of all factors. A node keeps its rows in the order of
each feature, so that one cumulative sum judges all splits of all features, and hands its children their parts of these
orders.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from scipy.special import expit, softmax

from disentangle_eval.errors import DevalError

# scikit-learn's: neighbours no further apart than this are one value, and a node no more impure than this is a leaf.
_SAME = np.float32(1e-7)
_PURE = np.finfo(np.float64).eps

# In smaller tables than this, in cells, Python's own part of the work leaves a second thread nothing to do.
_WORTH_THREADS = 20_000


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
        self._start = _initial_scores(np.bincount(target) / len(target))
        classes, trees = len(self._classes), len(self._start)
        scores = np.repeat(self._start[:, None], len(target), axis=1)
        of_class = (target == np.arange(classes - trees, classes)[:, None]).astype(np.float64)
        residuals = np.empty_like(of_class)
        shrink = (classes - 1) / classes if classes > 2 else 1.0
        grow = partial(_grow, table, self._depth, shrink)
        stages = self._stages if trees else 0
        ties = np.random.default_rng(self._seed).random((stages, trees, 2**self._depth))
        gained = np.zeros(len(table.values))
        self._trees: list[list[_Node]] = []

        def update_residuals(rows: slice) -> None:
            np.subtract(of_class[:, rows], _probabilities(scores[:, rows]), out=residuals[:, rows])

        threads = _threads_for(table.values.size)
        parts = _slices(len(target), threads)
        with _mapping_on(threads) as run:
            for ties_of_stage in ties:
                run(update_residuals, parts)
                grown = run(grow, residuals, ties_of_stage)
                for k, tree in enumerate(grown):
                    scores[k] += self._learning_rate * tree.fitted
                gained += np.sum([tree.gained for tree in grown], axis=0)
                self._trees.append([tree.root for tree in grown])
        self.importances = gained / gained.sum() if gained.any() else gained
        self.fitted = self._likeliest(scores)
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        """(N, K) -> classes (N,)."""
        columns = _columns(x)
        scores = np.repeat(self._start[:, None], len(x), axis=1)

        def add_trees(k: int) -> None:
            for trees in self._trees:
                scores[k] += self._learning_rate * _predict(trees[k], columns)

        with _mapping_on(_threads_for(columns.size)) as run:
            run(add_trees, range(len(scores)))
        return self._likeliest(scores)

    def _likeliest(self, scores: np.ndarray) -> np.ndarray:
        """Scores (trees, N) -> the class of the largest, (N,)."""
        if not len(scores):
            return np.repeat(self._classes, scores.shape[1])
        winner = scores.argmax(axis=0) if len(scores) > 1 else (scores[0] >= 0).astype(np.intp)
        likeliest: np.ndarray = self._classes[winner]
        return likeliest


def _columns(x: np.ndarray) -> np.ndarray:
    """(N, K) -> (K, N) float32; what is too large for it becomes infinite."""
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(x.T, dtype=np.float32)


def _initial_scores(share: np.ndarray) -> np.ndarray:
    """The scores before the first stage, from the shares of the classes.

    None for one class, one for two, else one per class.
    """
    if len(share) == 1:
        return np.empty(0)
    logs = np.log(share)
    initial: np.ndarray = logs[1:] - logs[:1] if len(share) == 2 else logs - logs.mean()
    return initial


def _probabilities(scores: np.ndarray) -> np.ndarray:
    """Scores (trees, N) -> the probability of each tree's class, (trees, N)."""
    probabilities: np.ndarray = expit(scores) if len(scores) == 1 else softmax(scores, axis=0)
    return probabilities


class _Split(NamedTuple):
    """A row goes left where its value of `feature` is at most `threshold`."""

    feature: int
    threshold: float
    left: _Node
    right: _Node


# A leaf is the number that it predicts.
_Node: TypeAlias = _Split | float


class _Grown(NamedTuple):
    """A tree, what it predicts for the rows it was fitted to, (N,), and by how much the splits of each feature lowered
    the sum of squared errors, (K,).
    """

    root: _Node
    fitted: np.ndarray
    gained: np.ndarray


def _grow(table: SortedColumns, depth: int, shrink: float, residual: np.ndarray, ties: np.ndarray) -> _Grown:
    """A tree fitted to residuals (N,); the k-th split takes one of equally good features by `ties`[k], 0 to 1."""
    growth = _Growth(table, shrink, residual, ties)
    root = growth.node(table.order[0], table.order, depth)
    return _Grown(root, growth.fitted, growth.gained)


class _Growth:
    """A tree that grows: what its nodes share, and `fitted` and `gained` as in `_Grown`."""

    def __init__(self, table: SortedColumns, shrink: float, residual: np.ndarray, ties: np.ndarray) -> None:
        self.fitted = np.empty(len(residual))
        self.gained = np.zeros(len(table.values))
        self._table = table
        self._shrink = shrink
        self._residual = residual
        self._ties = iter(ties)

    def node(self, rows: np.ndarray, order: np.ndarray, depth: int) -> _Node:
        """The tree below a node with some `rows` (n,), which `order` (K, n) holds sorted by each feature.

        `depth` is how many levels of splits may follow; without any, `order` is not looked at.
        """
        residual = self._residual.take(rows)
        mean = _mean(residual)
        if depth and len(rows) > 1 and _mean(np.square(residual)) - mean**2 > _PURE:
            gains, place = split_gains(self._table, order, self._residual - mean)
            best = gains.max()
            if best >= 0:
                tied = np.flatnonzero(gains == best)
                feature = int(tied[int(next(self._ties) * len(tied))])
                self.gained[feature] += best
                return self._split(order, feature, int(place[feature]) + 1, depth - 1)
        value = _leaf_value(residual, mean, self._shrink)
        self.fitted[rows] = value
        return value

    def _split(self, order: np.ndarray, feature: int, size: int, depth: int) -> _Split:
        """The tree below a node whose first `size` rows by one feature go left."""
        rows = order[feature]
        left, right = rows[:size], rows[size:]
        below, above = self._table.values[feature, rows[size - 1 : size + 1]].tolist()
        of_left = of_right = order
        if depth:
            goes_left = np.zeros(len(self._residual), dtype=bool)
            goes_left[left] = True
            of_left, of_right = _partition(order, goes_left.take(order))
        return _Split(
            feature,
            below / 2 + above / 2,
            self.node(left, of_left, depth),
            self.node(right, of_right, depth),
        )


def split_gains(table: SortedColumns, order: np.ndarray, centred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """By how much the best split of each feature lowers the sum of squared errors (K,), and after which place (K,).

    `order` (K, n) holds the rows of a node sorted by each feature, `centred` (N,) the targets minus their mean over the
    node. With S the sum of the targets that go left, the sum of the others is -S, so a split into l and r rows gains
    S^2 (1 / l + 1 / r). The gain is -1 for a feature that is constant over the node.
    """
    features, n = order.shape
    gains_of_places = centred.take(order)
    # torch's takes a third of the time of numpy's.
    torch.from_numpy(gains_of_places).cumsum_(1)
    np.square(gains_of_places, out=gains_of_places)
    # The last place, after which nothing goes right, can win no more than a tie, which the first place has.
    inverse = np.empty(n)
    inverse[-1] = 0
    reciprocals = table.reciprocals[: n - 1]
    np.add(reciprocals, reciprocals[::-1], out=inverse[:-1])
    gains_of_places *= inverse
    place = gains_of_places.argmax(axis=1)
    each = np.arange(features)
    gains = gains_of_places[each, place]
    below, above = table.values[each, order[each, place]], table.values[each, order[each, place + 1]]
    # Equal values cannot be split. They are rare in most codes, so they are looked for where one would be.
    for feature in np.flatnonzero(above <= below + _SAME):
        values = table.values[feature].take(order[feature])
        allowed = np.where(values[1:] > values[:-1] + _SAME, gains_of_places[feature, :-1], -1)
        place[feature] = allowed.argmax()
        gains[feature] = allowed[place[feature]]
    return gains, place


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


def _predict(root: _Node, columns: np.ndarray) -> np.ndarray | float:
    """(K, N) -> (N,), or the one number that is predicted for all."""
    if not isinstance(root, _Split):
        return root
    values: list[float] = []
    leaf = _leaf_numbers(root, columns, values)
    predicted: np.ndarray = np.array(values).take(leaf)
    return predicted


def _leaf_numbers(node: _Node, columns: np.ndarray, values: list[float]) -> np.ndarray | int:
    """(K, N) -> the number of each row's leaf, (N,) uint16 or one number for all; adds what leaves predict to `values`.

    Sums choose faster than `np.where`, whose branches a processor cannot predict here.
    """
    if not isinstance(node, _Split):
        values.append(node)
        return len(values) - 1
    right: np.ndarray = (columns[node.feature] > _float32_at_most(node.threshold)).astype(np.uint16)
    below, above = (_leaf_numbers(child, columns, values) for child in (node.left, node.right))
    # Leaves are numbered from the left, so that no difference is below 0.
    right *= np.subtract(above, below, dtype=np.uint16)
    right += below
    return right


def _float32_at_most(number: float) -> np.float32:
    """The largest float32 that is at most a number: numpy compares a float32 with the one that is nearest to it."""
    nearest = np.float32(number)
    return nearest if float(nearest) <= number else np.nextafter(nearest, np.float32(-np.inf))


def _threads_for(cells: int) -> int:
    """On how many threads to work on a table of so many cells."""
    return 1 if cells < _WORTH_THREADS else torch.get_num_threads()


def _slices(size: int, parts: int) -> list[slice]:
    """0 to `size` in so many parts of nearly the same length."""
    return [slice(*pair) for pair in pairwise(part * size // parts for part in range(parts + 1))]


@contextmanager
def _mapping_on(threads: int) -> Iterator[Callable]:
    """The builtin `map` on so many threads, with a list as its result."""
    if threads == 1:
        yield lambda function, *items: list(map(function, *items))
        return
    with ThreadPoolExecutor(threads) as pool:
        yield lambda function, *items: list(pool.map(function, *items))
