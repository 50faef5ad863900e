"""Linear support vector machines that see one real number, as scikit-learn's `LinearSVC` fits them, in a tenth of its
time.

liblinear minimises |w|^2 / 2 + sum_i C_i max(0, 1 - y_i (w x_i + b))^2, the bias part of w, by a trust region Newton
method (Lin, Weng & Keerthi, 2008, "Trust Region Newton Method for Large-Scale Logistic Regression"). Of sorted numbers
those within a margin are a run, so the loss, its gradient and its curvature follow from cumulative sums, and the
machines of all classes of all factors take their iterations together. They are those of liblinear, up to rounding.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

_C = 0.01
_TOLERANCE = 1e-4
_ITERATIONS = 1000


class Lines(NamedTuple):
    """w x + b for each class of a factor, (C,) and (C,); of two classes for the second alone."""

    slope: np.ndarray
    offset: np.ndarray

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Numbers (M,) -> the index of the class of each, (M,)."""
        height = np.multiply.outer(x, self.slope) + self.offset
        predicted: np.ndarray = height.argmax(axis=1) if len(self.slope) > 1 else (height[:, 0] > 0).astype(np.intp)
        return predicted


def fit_lines(x: np.ndarray, labels: np.ndarray, classes: list[int]) -> list[Lines]:
    """The machines of F factors, with the weights that make the classes of a factor count equally.

    Numbers (N,), of which few are equal, and labels (N, F), in column f all of 0 .. `classes`[f] - 1.
    """
    problem = _Problem(x.astype(np.float64), labels, classes)
    slope, offset = _newton(problem)
    ends = np.cumsum([1 if count == 2 else count for count in classes])[:-1]
    return [Lines(*pair) for pair in zip(np.split(slope, ends), np.split(offset, ends), strict=True)]


class _Point(NamedTuple):
    """The loss (P,) of P machines at some weights, its gradient (2, P) and its curvature (2, 2, P)."""

    loss: np.ndarray
    gradient: np.ndarray
    curvature: np.ndarray


class _Machines(NamedTuple):
    """The M machines of one factor: one per class, or of two classes the second's alone.

    `keys` (N,) ascend and combine the class of a number with its place among all sorted numbers, so that those of a
    class are a run; `powers` (3, N) are 1, x and x^2 in this order. By machine (M,): `key`, where the keys of its class
    begin, `first`, where the run begins, `inside`, how many numbers it has, and the weights C of the losses of its
    class and of all others.
    """

    keys: np.ndarray
    powers: np.ndarray
    key: np.ndarray
    first: np.ndarray
    inside: np.ndarray
    weight: np.ndarray
    rest_weight: np.ndarray


def _machines_of(label: np.ndarray, powers: np.ndarray, count: int, earlier: int) -> _Machines:
    """The machines of a factor of `count` classes, `label` (N,) for the sorted numbers; other factors before it have
    `earlier` classes.
    """
    by_class = label.argsort(kind="stable")
    size = np.bincount(label, minlength=count)
    base = (earlier + np.arange(count)) * (len(label) + 1)
    balanced = _C * len(label) / (count * size)
    machines = np.arange(1, 2) if count == 2 else np.arange(count)
    return _Machines(
        keys=base[label[by_class]] + by_class,
        powers=powers[:, by_class],
        key=base[machines],
        first=(np.cumsum(size) - size)[machines],
        inside=size[machines],
        weight=balanced[machines],
        # Of several classes liblinear weighs the one alone, of two each.
        rest_weight=balanced[:1] if count == 2 else np.full(count, _C),
    )


class _Problem:
    """P machines, each of one class of some factor against the others; the numbers are centred."""

    def __init__(self, x: np.ndarray, labels: np.ndarray, classes: list[int]) -> None:
        self.size = len(x)
        order = x.argsort(kind="stable")
        self._centre = x.mean()
        self._sorted = x[order]
        centred = self._sorted - self._centre
        powers = np.stack([np.ones_like(centred), centred, centred**2])
        self._moments = _cumulated(powers)
        earlier = np.cumsum([0, *classes])[:-1]
        parts = [
            _machines_of(labels[order, factor], powers, count, before)
            for factor, (count, before) in enumerate(zip(classes, earlier, strict=True))
        ]
        self._keys = np.concatenate([part.keys for part in parts])
        self._grouped = _cumulated(np.hstack([part.powers for part in parts]))
        self._key = np.concatenate([part.key for part in parts])
        self._first = np.concatenate([factor * self.size + part.first for factor, part in enumerate(parts)])
        self.inside = np.concatenate([part.inside for part in parts])
        self._last = self._first + self.inside
        self._weight = np.concatenate([part.weight for part in parts])
        self._rest_weight = np.concatenate([part.rest_weight for part in parts])

    def at(self, slope: np.ndarray, offset: np.ndarray) -> _Point:
        """The loss and its derivatives for (P,) slopes and offsets."""
        level = offset + slope * self._centre
        own, _ = self._beyond(slope, offset, 1.0)
        _, rest = self._beyond(-slope, -offset, 1.0)
        own, rest = self._weight * own, self._rest_weight * rest
        # In centred numbers: sums of C (y - level - slope x)^2 and of its derivatives.
        up, down = 1 - level, -1 - level
        loss = sum(
            miss**2 * sums[0] - 2 * miss * slope * sums[1] + slope**2 * sums[2]
            for miss, sums in ((up, own), (down, rest))
        )
        total = own + rest
        of_offset = level * total[0] + slope * total[1] - own[0] + rest[0]
        of_slope = level * total[1] + slope * total[2] - own[1] + rest[1] + self._centre * of_offset
        mixed = total[1] + self._centre * total[0]
        squares = total[2] + 2 * self._centre * total[1] + self._centre**2 * total[0]
        return _Point(
            (slope**2 + offset**2) / 2 + loss,
            np.stack([slope + 2 * of_slope, offset + 2 * of_offset]),
            np.array([[1 + 2 * squares, 2 * mixed], [2 * mixed, 1 + 2 * total[0]]]),
        )

    def _beyond(self, slope: np.ndarray, offset: np.ndarray, bound: float) -> tuple[np.ndarray, np.ndarray]:
        """The sums (3, P) of 1, x and x^2 where slope x + offset < `bound`: over a machine's class, over the others."""
        with np.errstate(divide="ignore", invalid="ignore"):
            limit = np.where(slope == 0, np.where(offset < bound, np.inf, -np.inf), (bound - offset) / slope)
        falling = slope < 0
        # Rising lines are below the bound before a place, falling ones from a place on.
        place = np.where(
            falling, np.searchsorted(self._sorted, limit, side="right"), np.searchsorted(self._sorted, limit)
        )
        in_class = np.searchsorted(self._keys, self._key + place)
        everything, before = self._moments[:, -1:], self._moments[:, place]
        whole = self._grouped[:, self._last] - self._grouped[:, self._first]
        own_before = self._grouped[:, in_class] - self._grouped[:, self._first]
        own = np.where(falling, whole - own_before, own_before)
        return own, np.where(falling, everything - before, before) - own


def _newton(problem: _Problem) -> tuple[np.ndarray, np.ndarray]:
    """Slopes and offsets (P,): liblinear's trust region, which shrinks and grows with how well the model predicted."""
    weights = np.zeros((2, len(problem.inside)))
    here = problem.at(*weights)
    first_norm = _norm(here.gradient)
    radius = first_norm.copy()
    fewer = np.minimum(problem.inside, problem.size - problem.inside)
    enough = _TOLERANCE * np.maximum(fewer, 1) / problem.size * first_norm
    searching = first_norm > enough
    for iteration in range(_ITERATIONS):
        if not searching.any():
            break
        step, residual = _conjugate_gradient(here, radius)
        there = problem.at(*(weights + step))
        descent = _dot(here.gradient, step)
        predicted = -0.5 * (descent - _dot(step, residual))
        actual = here.loss - there.loss
        length = _norm(step)
        if iteration == 0:
            radius = np.minimum(radius, length)
        excess = -actual - descent
        with np.errstate(divide="ignore", invalid="ignore"):
            stretch = np.where(excess <= 0, 4.0, np.maximum(0.25, -0.5 * (descent / excess)))
        radius = np.select(
            [actual < 1e-4 * predicted, actual < 0.25 * predicted, actual < 0.75 * predicted],
            [
                np.minimum(np.maximum(stretch, 0.25) * length, 0.5 * radius),
                np.maximum(0.25 * radius, np.minimum(stretch * length, 0.5 * radius)),
                np.maximum(0.25 * radius, np.minimum(stretch * length, 4 * radius)),
            ],
            np.maximum(radius, np.minimum(stretch * length, 4 * radius)),
        )
        taken = searching & (actual > 1e-4 * predicted)
        weights = np.where(taken, weights + step, weights)
        here = _Point(*(np.where(taken, new, old) for new, old in zip(there, here, strict=True)))
        small = 1e-12 * np.abs(here.loss)
        stuck = (np.abs(actual) <= small) & (np.abs(predicted) <= small)
        searching &= ~(taken & (_norm(here.gradient) <= enough)) & ~stuck
    return weights[0], weights[1]


def _conjugate_gradient(here: _Point, radius: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Steps (2, P) that lower the quadratic models, no longer than `radius` (P,), and the models' negative gradients
    there.
    """
    step = np.zeros_like(here.gradient)
    residual = -here.gradient
    direction = residual
    square = _dot(residual, residual)
    enough = 0.1 * _norm(here.gradient)
    active = _norm(residual) > enough
    while active.any():
        bent = np.einsum("ijp,jp->ip", here.curvature, direction)
        with np.errstate(divide="ignore", invalid="ignore"):
            far = square / _dot(direction, bent)
            leaves = active & (_norm(step + far * direction) > radius)
            # Where the line leaves the region.
            along, reached, length = _dot(step, direction), _dot(step, step), _dot(direction, direction)
            room = radius**2 - reached
            root = np.sqrt(np.maximum(along**2 + length * room, 0))
            edge = np.where(along >= 0, room / (along + root), (root - along) / length)
            moved = np.where(leaves, edge, far)
            step = np.where(active, step + moved * direction, step)
            residual = np.where(active, residual - moved * bent, residual)
            new_square = _dot(residual, residual)
            direction = np.where(active, residual + new_square / square * direction, direction)
        square = new_square
        active = active & ~leaves & (_norm(residual) > enough)
    return step, residual


def _cumulated(values: np.ndarray) -> np.ndarray:
    """(R, N) -> the sums of the first 0 .. N columns, (R, N + 1)."""
    return np.pad(values.cumsum(axis=1), ((0, 0), (1, 0)))


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    product: np.ndarray = a[0] * b[0] + a[1] * b[1]
    return product


def _norm(a: np.ndarray) -> np.ndarray:
    length: np.ndarray = np.sqrt(_dot(a, a))
    return length
