"""The images of a metric: random images, sets of images that share one factor, and pairs that do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from disentangle_eval.api import FactorGrid
from disentangle_eval.errors import UsageError

_CHUNK = 2**20

# disentanglement_lib requests labelled samples in batches of this size; it takes part in the order of the draws.
_BATCH = 16


@dataclass(frozen=True)
class Votes:
    """The images of M votes: `index` (M, L), and `fixed` (M,), the factor whose class the L images share."""

    fixed: np.ndarray
    index: np.ndarray


@dataclass(frozen=True)
class Pairs:
    """The images of M points: `index` (M, 2, L), the images of L pairs, and `fixed` (M,), the factor a pair shares."""

    fixed: np.ndarray
    index: np.ndarray


class Stream(Protocol):
    """A source of random images; each call continues where the last one ended.

    `varying` (V,) are the factors that a vote or a pair may share.
    """

    varying: np.ndarray

    def images(self, count: int) -> np.ndarray:
        """Indices (count,) of random images."""

    def votes(self, count: int, samples: int) -> Votes:
        """`count` votes of `samples` images: a factor picked uniformly, its class shared, all else independent."""

    def pairs(self, count: int, samples: int) -> Pairs:
        """`count` points of `samples` pairs: a factor picked uniformly, whose class the two images of a pair share.

        The class is drawn anew for each pair, and all else is independent.
        """


def varying_factors(factors: FactorGrid) -> np.ndarray:
    """Which factors have more than one class. Only they can be identified, so only they are fixed in a vote."""
    varying = np.flatnonzero(np.array(factors.sizes) > 1)
    if not varying.size:
        raise UsageError("factor sizes", received=factors.sizes, expected="at least one factor of two classes or more")
    return varying


class ReferenceStream:
    """The draws of disentanglement_lib (Locatello et al., 2019): numpy's legacy `RandomState`.

    A batch is drawn factor by factor; a vote draws which factor is fixed, then a batch, whose first image gives the
    shared class; the pairs of a point are a factor, a batch, and a second batch. A factor of one class takes nothing
    from the stream.
    """

    def __init__(self, factors: FactorGrid, seed: int) -> None:
        _check_seed(seed)
        self._factors = factors
        self.varying = varying_factors(factors)
        self._random = np.random.RandomState(seed)

    def images(self, count: int) -> np.ndarray:
        """Indices (count,) of random images, with replacement."""
        columns = [self._random.randint(size, size=count) for size in self._factors.sizes]
        return self._factors.index(np.stack(columns, axis=-1))

    def batches(self, count: int) -> np.ndarray:
        """Indices (count,) of random images, drawn in batches of 16, one after another."""
        whole, rest = divmod(count, _BATCH)
        highs = np.tile(np.repeat(self._factors.sizes, _BATCH), (whole, 1))
        classes = self._random.randint(0, highs).reshape(whole, len(self._factors.sizes), _BATCH)
        drawn = self._factors.index(classes.swapaxes(1, 2)).ravel()
        return np.concatenate([drawn, self.images(rest)])

    def votes(self, count: int, samples: int) -> Votes:
        """As `Stream.votes`."""
        fixed, index = [], []
        for factor, classes in self._sets(count, samples, batches=1):
            shared = classes[:, 0]
            row = np.arange(len(factor))
            shared[row, factor] = shared[row, factor, :1]
            fixed.append(factor)
            index.append(self._factors.index(shared.swapaxes(1, 2)))
        return Votes(np.concatenate(fixed), np.concatenate(index))

    def pairs(self, count: int, samples: int) -> Pairs:
        """As `Stream.pairs`."""
        fixed, index = [], []
        for factor, classes in self._sets(count, samples, batches=2):
            row = np.arange(len(factor))
            classes[row, 1, factor] = classes[row, 0, factor]
            fixed.append(factor)
            index.append(self._factors.index(classes.swapaxes(2, 3)))
        return Pairs(np.concatenate(fixed), np.concatenate(index))

    def _sets(self, count: int, samples: int, batches: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Chunks of `count` draws: a factor (m,), and the classes (m, batches, F, samples) of batches of images."""
        # An array of upper bounds yields the same integers as one call per bound, thirty times faster.
        highs = np.array([len(self.varying), *np.tile(np.repeat(self._factors.sizes, samples), batches)])
        rows = max(1, _CHUNK // len(highs))
        for start in range(0, count, rows):
            drawn = self._random.randint(0, np.broadcast_to(highs, (min(rows, count - start), len(highs))))
            yield self.varying[drawn[:, 0]], drawn[:, 1:].reshape(len(drawn), batches, -1, samples)


class IndependentStream:
    """The same distributions from numpy's `default_rng`; random images are drawn without replacement.

    With `in_turn` the factors that vary are fixed one after another instead of at random.
    """

    def __init__(self, factors: FactorGrid, seed: int, in_turn: bool = False) -> None:
        _check_seed(seed)
        self._factors = factors
        self.varying = varying_factors(factors)
        self._random = np.random.default_rng(seed)
        self._in_turn = in_turn

    def _fixed(self, count: int) -> np.ndarray:
        """Which factor each of `count` sets shares, (count,)."""
        if self._in_turn:
            return self.varying[np.arange(count) % len(self.varying)]
        return self.varying[self._random.integers(len(self.varying), size=count)]

    def images(self, count: int) -> np.ndarray:
        """Indices of `count` different images, or of every image where there are fewer."""
        if count >= len(self._factors):
            return np.arange(len(self._factors))
        return self._random.choice(len(self._factors), count, replace=False)

    def votes(self, count: int, samples: int) -> Votes:
        """As `Stream.votes`."""
        fixed = self._fixed(count)
        columns = []
        for factor, size in enumerate(self._factors.sizes):
            column = self._random.integers(size, size=(count, samples))
            columns.append(np.where((fixed == factor)[:, None], column[:, :1], column))
        return Votes(fixed, self._factors.index(np.stack(columns, axis=-1)))

    def pairs(self, count: int, samples: int) -> Pairs:
        """As `Stream.pairs`."""
        fixed = self._fixed(count)
        classes = np.empty((len(self._factors.sizes), count, 2, samples), dtype=np.int64)
        for factor, size in enumerate(self._factors.sizes):
            classes[factor] = self._random.integers(size, size=(count, 2, samples))
            shared = fixed == factor
            classes[factor, shared, 1] = classes[factor, shared, 0]
        return Pairs(fixed, self._factors.index(np.moveaxis(classes, 0, -1)))


def _check_seed(seed: int) -> None:
    if not 0 <= seed < 2**32:
        raise UsageError("seed", received=seed, expected=f"0 to {2**32 - 1}")
