"""Images that share a factor, from labelled images in which not every combination occurs."""

from __future__ import annotations

from typing import Literal

import numpy as np

from disentangle_eval.api import Factors, Subject
from disentangle_eval.errors import UsageError
from disentangle_eval.metrics.toolbox.votes import IndependentStream, Pairs, ReferenceStream, Stream, Votes


class LabelledStream:
    """Votes and pairs among the images there are, from numpy's `default_rng`.

    The class that images share is that of a random image, among those that are not alone in their class; all images of
    the class are equally likely, and one may be drawn twice. The other factors are as independent of the fixed one as
    they are in the images. `varying` are the factors of two classes or more, of which one has two images. UsageError
    where there is none.
    """

    def __init__(self, factors: Factors, seed: int) -> None:
        classes = factors.classes(np.arange(len(factors)))
        several = [np.bincount(column)[column] > 1 for column in classes.T]
        shared = [
            bool(some.any() and column.min() < column.max()) for some, column in zip(several, classes.T, strict=True)
        ]
        self.varying = np.flatnonzero(shared)
        if not self.varying.size:
            raise UsageError(
                "factors",
                received=f"{len(factors)} labelled images",
                expected="a factor of two classes or more, of which one has two images",
                advice="divide real-valued factors into classes: factor_bins=20 next to codes",
            )
        self._count = len(factors)
        self._random = np.random.default_rng(seed)
        self._anchors = [np.flatnonzero(some) for some in several]
        self._order = [np.argsort(column, kind="stable") for column in classes.T]
        self._start = [np.searchsorted(np.sort(column), column) for column in classes.T]
        self._size = [np.bincount(column)[column] for column in classes.T]

    def images(self, count: int) -> np.ndarray:
        """Indices of `count` different images, or of every image where there are fewer."""
        if count >= self._count:
            return np.arange(self._count)
        return self._random.choice(self._count, count, replace=False)

    def votes(self, count: int, samples: int) -> Votes:
        """`count` votes of `samples` images that share the class of a random image in a factor picked uniformly."""
        fixed = self._fixed(count)
        index = np.empty((count, samples), dtype=np.int64)
        for factor in self.varying.tolist():
            rows = np.flatnonzero(fixed == factor)
            anchors = self._random.choice(self._anchors[factor], (len(rows), 1))
            index[rows] = self._alike(factor, np.broadcast_to(anchors, (len(rows), samples)))
        return Votes(fixed, index)

    def pairs(self, count: int, samples: int) -> Pairs:
        """`count` points of `samples` pairs: a random image each, and one of its class in a factor picked uniformly."""
        fixed = self._fixed(count)
        index = np.empty((count, 2, samples), dtype=np.int64)
        for factor in self.varying.tolist():
            rows = np.flatnonzero(fixed == factor)
            index[rows, 0] = self._random.choice(self._anchors[factor], (len(rows), samples))
            index[rows, 1] = self._alike(factor, index[rows, 0])
        return Pairs(fixed, index)

    def _fixed(self, count: int) -> np.ndarray:
        """Which factor each of `count` sets shares, (count,)."""
        return self.varying[self._random.integers(len(self.varying), size=count)]

    def _alike(self, factor: int, images: np.ndarray) -> np.ndarray:
        """A random image of the class that each of some images (...) has, (...)."""
        place = self._start[factor][images] + self._random.integers(self._size[factor][images])
        chosen: np.ndarray = self._order[factor][place]
        return chosen


def stream_of(subject: Subject, kind: Literal["reference", "independent", "in-turn", "labelled"], seed: int) -> Stream:
    """A stream of the images of a subject; all but a labelled one need a full grid of factors."""
    if kind == "labelled":
        return LabelledStream(subject.factors, seed)
    if kind == "reference":
        return ReferenceStream(subject.grid, seed)
    return IndependentStream(subject.grid, seed, in_turn=kind == "in-turn")
