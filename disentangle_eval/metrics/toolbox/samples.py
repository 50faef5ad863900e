"""Random images of any subject: their indices, or their codes with their factor classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from disentangle_eval.api import FactorGrid, Factors, Subject
from disentangle_eval.errors import UsageError
from disentangle_eval.metrics.toolbox.columns import in_usual_units
from disentangle_eval.metrics.toolbox.votes import ReferenceStream
from disentangle_eval.runtime.draws import stream_seed

# The share of fresh images that a predictor was fitted to from which on that matters to its chance level.
FEW_IN_BOTH = 0.05

_PERMUTATIONS = 10


@dataclass(frozen=True)
class Samples:
    """`codes` (N, K) in the precision of the subject and `factors` (N, F) int64, the classes, of `images` (N,)."""

    codes: np.ndarray
    factors: np.ndarray
    images: np.ndarray

    def __len__(self) -> int:
        return len(self.codes)


def draw_samples(subject: Subject, seed: int, *counts: int) -> list[Samples]:
    """One set of random images for each of `counts`, in that order: those of `draw_images`."""
    sets = draw_images(subject, seed, *counts)
    return [samples_of(subject, index) for index in sets]


def samples_of(subject: Subject, index: np.ndarray) -> Samples:
    """The codes and factor classes of images (N,)."""
    return Samples(subject.codes(index), subject.factors.classes(index), index)


def drawn_or_all(subject: Subject, seed: int, count: int | None) -> Samples:
    """`count` random images, as `draw_samples` draws them; every image once for None."""
    if count is None:
        return samples_of(subject, np.arange(len(subject.factors)))
    return draw_samples(subject, seed, count)[0]


def draw_images(subject: Subject, seed: int, *counts: int) -> list[np.ndarray]:
    """The indices of one set of random images for each of `counts`, in that order.

    From a full grid these are the draws of disentanglement_lib's study, with replacement. From a table of labelled
    images every image is drawn at most once: where there are more than the first count, the first set has exactly that
    many and the others share what is left; otherwise all sets shrink in proportion. A metric reports how many it got
    as `Scores.counts`. UsageError where a set would have fewer than two images.
    """
    factors = subject.factors
    if isinstance(factors, FactorGrid):
        stream = ReferenceStream(factors, seed)
        return [stream.batches(count) for count in counts]
    return _without_replacement(len(factors), seed, counts)


def draw_different_images(subject: Subject, seed: int, count: int) -> np.ndarray:
    """The indices of `count` random images, each drawn at most once, or of all where there are fewer, (N,).

    For metrics of nearest neighbours: those of an image that was drawn several times would be its own copies.
    """
    (index,) = _without_replacement(len(subject.factors), seed, (count,))
    return index


def _without_replacement(n: int, seed: int, counts: tuple[int, ...]) -> list[np.ndarray]:
    first, *others = counts
    rest = n - first
    sizes = [first, *_shares(rest, others)] if others and rest >= 2 * len(others) else _shares(n, counts)
    if min(sizes) < 2:
        expected = f"at least {2 * len(counts)}, 2 for each set of them"
        raise UsageError("factors", received=f"{n} labelled images", expected=expected)
    order = np.random.default_rng(seed).permutation(n)
    return np.split(order[: sum(sizes)], np.cumsum(sizes)[:-1])


def _shares(n: int, counts: Sequence[int]) -> list[int]:
    """So many of each, or where n are too few for that, the same share of each."""
    if len(counts) == 1:
        return [min(n, counts[0])]
    share = min(1.0, n / sum(counts))
    return [int(count * share) for count in counts]


def random_images(total: int, count: int | None, seed: int) -> np.ndarray:
    """Indices of `count` different images out of `total`, ascending; of every image without `count` or with fewer.

    UsageError for fewer than two images in all.
    """
    if total < 2:
        raise UsageError("images", received=f"{total} images", expected="at least 2")
    if count is None or count >= total:
        return np.arange(total)
    return np.sort(np.random.default_rng(seed).choice(total, count, replace=False))


def permuted_over_images(random: np.random.Generator, rows: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Rows (N, C), each of one of `images` (N,), as if they were those of other images.

    An image that was drawn several times has the same row every time: images are permuted, not draws, since a code
    says something of a small grid by chance alone, and repeating its images does not make that less.
    """
    known, first, place = np.unique(images, return_index=True, return_inverse=True)
    order = first[random.permutation(len(known))][place] if len(known) < len(images) else random.permutation(len(rows))
    others: np.ndarray = rows[order]
    return others


def permuted_sets(columns: np.ndarray, *sets: Samples, seed: int) -> Iterator[list[np.ndarray]]:
    """Some factors of several sets as those of other images, (N, F) each, in each of ten random permutations.

    An image that is in two sets has the same factors in both: what is learned of it in one is known in the other.
    """
    factors = np.concatenate([samples.factors[:, columns] for samples in sets])
    images = np.concatenate([samples.images for samples in sets])
    ends = np.cumsum([len(samples) for samples in sets])[:-1]
    for permuted in permutations_of(factors, images, seed):
        yield np.split(permuted, ends)


def varying_columns(*factors: np.ndarray) -> np.ndarray:
    """Sets of factor classes (N, F), the N may differ -> the columns with two classes or more in every set, (V,).

    UsageError where there is none.
    """
    varying = np.flatnonzero(np.all([classes.min(axis=0) < classes.max(axis=0) for classes in factors], axis=0))
    if not varying.size:
        images = " and ".join(str(len(classes)) for classes in factors)
        raise UsageError(
            "factors", received=f"constants alone over {images} images", expected="one of two classes or more"
        )
    return varying


def factor_values(factors: Factors, index: np.ndarray) -> np.ndarray:
    """Image indices (...) of ints -> the factors behind them as real numbers, (..., F) float64.

    The values they were given as, where these are known, and else their classes 0, 1, ... Factors of extreme units are
    brought to usual ones, as codes are (`columns.in_usual_units`): a metric that reads them has no units.
    """
    values = getattr(factors, "values", None)
    if values is None:
        return factors.classes(index).astype(np.float64)
    result: np.ndarray = in_usual_units(values)[0][index].astype(np.float64)
    return result


def permutations_of(factors: np.ndarray, images: np.ndarray, seed: int) -> Iterator[np.ndarray]:
    """Factors (N, F) of `images` (N,) -> those of other images, (N, F), in each of ten random permutations.

    A metric finds the score of an uninformative code, its chance level, on them.
    """
    random = np.random.default_rng(stream_seed(seed, "chance"))
    for _ in range(_PERMUTATIONS):
        yield permuted_over_images(random, factors, images)
