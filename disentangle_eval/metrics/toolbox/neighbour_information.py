"""Mutual information of real numbers from the distances of nearest neighbours, without bins."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.spatial import cKDTree
from scipy.special import digamma

from disentangle_eval.metrics.toolbox.columns import in_usual_units, too_large

# scikit-learn's: how far values are moved apart, as a share of their mean size, so that no two are equal.
_JITTER = 1e-10


def information_on_classes(x: np.ndarray, classes: np.ndarray, neighbours: int, seed: int) -> np.ndarray:
    """Real numbers (N, K) and classes (N, F), ints from 0 -> the mutual information of each pair, (K, F) in nats.

    Ross (2014), "Mutual Information between Discrete and Continuous Data Sets", equation 2: for each image the
    distance of its nearest `neighbours` of the same class, and how many images of any class are as near. Images alone
    in their class are left out; 0 where no class has two. Equal to scikit-learn's `mutual_info_classif` where classes
    have more than twice as many images as `neighbours` (its distances in smaller ones are rounded), but for the random
    numbers by which equal values are moved apart.
    """
    jittered = moved_apart(x, seed)
    return np.stack([_column_on_classes(column, classes, neighbours) for column in jittered.T])


def information_on_values(x: np.ndarray, y: np.ndarray, neighbours: int, seed: int) -> np.ndarray:
    """Real numbers (N, K) and (N, F), N above `neighbours` -> the mutual information of each pair, (K, F) in nats.

    Kraskov, Stögbauer & Grassberger (2004), "Estimating Mutual Information", equation 8. Equal to scikit-learn's
    `mutual_info_regression` but for the random numbers by which equal values are moved apart.
    """
    first, second = moved_apart(x, seed), moved_apart(y, seed + 1)
    return np.array([[_pair(a, b, neighbours) for b in second.T] for a in first.T])


def moved_apart(x: np.ndarray, seed: int) -> np.ndarray:
    """Columns (N, K) divided by their standard deviations, plus normal noise 1e-10 times their mean size, float64.

    Columns of extreme units are brought to usual ones first: far from 0 the noise would be larger than they vary.
    DevalError for numbers too large to take deviations of.
    """
    x = in_usual_units(x.astype(np.float64))[0]
    with np.errstate(over="ignore"):
        deviation = x.std(axis=0)
    if not np.isfinite(deviation).all():
        raise too_large(x)
    # Rounding of the mean can give a constant column a deviation.
    scaled = x / np.where((deviation > 0) & (x.min(axis=0) < x.max(axis=0)), deviation, 1.0)
    noise = np.random.default_rng(seed).standard_normal(x.shape)
    jittered: np.ndarray = scaled + _JITTER * np.maximum(1, np.abs(scaled).mean(axis=0)) * noise
    return jittered


def _column_on_classes(column: np.ndarray, classes: np.ndarray, neighbours: int) -> np.ndarray:
    order = np.argsort(column)
    ascending = column[order]
    return np.array([_on_classes(ascending, one, neighbours) for one in classes[order].T])


def _on_classes(ascending: np.ndarray, classes: np.ndarray, neighbours: int) -> float:
    counts = np.bincount(classes)
    if (counts == 1).any():
        kept = counts[classes] > 1
        ascending, classes = ascending[kept], classes[kept]
        counts = np.where(counts > 1, counts, 0)
    if not classes.size:
        return 0.0
    by_class = np.argsort(classes, kind="stable")
    grouped, size = ascending[by_class], counts[classes[by_class]]
    start = np.repeat(np.cumsum(counts) - counts, counts)
    near = np.minimum(neighbours, size - 1)
    radius = np.nextafter(_neighbour_distance(grouped, start, start + size, near), 0)
    as_near = _count_within(ascending, grouped, radius, np.square)
    n = len(grouped)
    information = digamma(n) + np.mean(digamma(near) - digamma(size) - digamma(as_near))
    return max(0.0, float(information))


def _neighbour_distance(grouped: np.ndarray, start: np.ndarray, end: np.ndarray, near: np.ndarray) -> np.ndarray:
    """The distance of neighbour number `near` (n,) within each one's run [start, end) of ascending numbers, (n,)."""
    place = np.arange(len(grouped))
    nearest = np.full(len(grouped), np.inf)
    # Of the windows of near + 1 numbers that hold this one, the narrowest about it ends at the neighbour sought.
    for below in range(int(near.max()) + 1):
        first, last = place - below, place - below + near
        inside = (first >= start) & (last < end) & (below <= near)
        reach = np.maximum(grouped - grouped[first.clip(0)], grouped[last.clip(0, len(grouped) - 1)] - grouped)
        np.minimum(nearest, reach, out=nearest, where=inside)
    return nearest


def _pair(a: np.ndarray, b: np.ndarray, neighbours: int) -> float:
    points = np.stack([a, b], axis=1)
    # The nearest point is the point itself.
    distance = cKDTree(points).query(points, neighbours + 1, p=np.inf)[0][:, -1]
    radius = np.nextafter(distance, 0)
    information = digamma(len(a)) + digamma(neighbours)
    for column in (a, b):
        order = np.argsort(column)
        ascending = column[order]
        information -= digamma(_count_within(ascending, ascending, radius[order], np.abs)).mean()
    return max(0.0, float(information))


def _count_within(
    ascending: np.ndarray, centres: np.ndarray, radius: np.ndarray, size: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """How many of the ascending numbers (N,) are within `radius` (M,) of `centres` (M,), (M,) int64.

    A distance is compared by its `size`, as scikit-learn's tree does: it squares them in Euclidean space.
    """
    bound = size(radius)
    low = np.searchsorted(ascending, centres - radius, side="left")
    high = np.searchsorted(ascending, centres + radius, side="right")
    # Adding and subtracting round otherwise than distances do, so the ends may be off by a number or two.
    guarded = np.concatenate([[-np.inf], ascending, [np.inf]])
    while (wider := size(guarded[low] - centres) <= bound).any():
        low -= wider
    while (narrower := size(guarded[low + 1] - centres) > bound).any():
        low += narrower
    while (wider := size(guarded[high + 1] - centres) <= bound).any():
        high += wider
    while (narrower := size(guarded[high] - centres) > bound).any():
        high -= narrower
    count: np.ndarray = high - low
    return count
