"""Linear support vector machines of one real number x, as scikit-learn's `LinearSVC` fits them, in a tenth of its time.

One machine separates a class (y = 1) from the others (y = -1). liblinear, which scikit-learn calls, minimises

    f(w, b) = (w^2 + b^2) / 2 + sum over i of C_i max(0, 1 - y_i (w x_i + b))^2

by the trust region Newton method of Lin, Weng & Keerthi (2008), "Trust Region Newton Method for Large-Scale Logistic
Regression", and so does this file, for the machines of all classes of all factors at once.

It is fast because x is one number. Only numbers with y_i (w x_i + b) < 1 enter the sum. In ascending order these are,
within a class, all numbers before some place or all from it on. So the sums of 1, x and x^2 over them, of which f and
its derivatives consist, are differences of cumulative sums.

Slopes, offsets and predicted classes are those of `LinearSVC(C=0.01, class_weight="balanced", dual=False)` up to
rounding: liblinear adds up in another order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

_C = 0.01
_TOLERANCE = 1e-4
_ITERATIONS = 1000

# The constants eta_0 to eta_2 and sigma_1 to sigma_3 of the paper.
_BAD, _FAIR, _GOOD = 1e-4, 0.25, 0.75
_SHRINK_MOST, _SHRINK, _GROW = 0.25, 0.5, 4.0

# The conjugate gradients of an iteration end when the residual is this share of the gradient.
_RESIDUAL = 0.1


class Lines(NamedTuple):
    """w and b of each class of a factor, (C,) and (C,); of two classes for the second alone."""

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
    objective = _Objective(x.astype(np.float64), labels, np.array(classes))
    fewer = np.minimum(objective.class_size, len(x) - objective.class_size)
    slope, offset = _minimum(objective.at, _TOLERANCE * np.maximum(fewer, 1) / len(x))
    ends = np.cumsum([1 if count == 2 else count for count in classes])[:-1]
    return [Lines(*pair) for pair in zip(np.split(slope, ends), np.split(offset, ends), strict=True)]


class _Point(NamedTuple):
    """f (P,) of P machines at some (w, b), its gradient (2, P) and its second derivatives (2, 2, P)."""

    loss: np.ndarray
    gradient: np.ndarray
    curvature: np.ndarray


class _Objective:
    """f of P machines, which share the numbers (N,): one per class of a factor, or of two classes the second's alone.

    `class_size` (P,) is how many numbers the class of each machine has.
    """

    def __init__(self, x: np.ndarray, labels: np.ndarray, classes: np.ndarray) -> None:
        size = len(x)
        order = x.argsort(kind="stable")
        self._sorted = x[order]
        # Sums of squares lose fewer digits around the mean.
        self._centre = x.mean()
        centred = self._sorted - self._centre
        powers = np.stack([np.ones_like(centred), centred, centred**2])
        self._sums = _cumulative(powers)

        # The G classes of all factors in one row. A number occurs once per factor, in the run of its class.
        number = labels[order] + (np.cumsum(classes) - classes)
        in_factor = np.repeat(classes, classes)
        sizes = np.bincount(number.ravel(), minlength=len(in_factor))
        starts = np.cumsum(sizes) - sizes
        balanced = _C * size / (in_factor * sizes)
        # A key combines a class with a place among the sorted numbers, 0 to N; keys in order are grouped by class.
        bases = np.arange(len(in_factor)) * (size + 1)
        self._keys = np.sort((bases[number] + np.arange(size)[:, None]).ravel())
        self._grouped_sums = _cumulative(powers[:, self._keys % (size + 1)])

        first_of_factor = np.diff(np.repeat(np.arange(len(classes)), classes), prepend=-1) > 0
        machines = np.flatnonzero(~(first_of_factor & (in_factor == 2)))
        self.class_size = sizes[machines]
        self._base = bases[machines]
        self._start = starts[machines]
        self._end = self._start + self.class_size
        self._weight = balanced[machines]
        # Of several classes liblinear weighs the machine's own alone, of two each.
        self._weight_of_others = np.where(in_factor[machines] == 2, balanced[machines - 1], _C)

    def at(self, slope: np.ndarray, offset: np.ndarray) -> _Point:
        """f and its derivatives at P slopes and offsets."""
        own, _ = self._sums_below_one(slope, offset)
        _, others = self._sums_below_one(-slope, -offset)
        own, others = self._weight * own, self._weight_of_others * others
        # In centred numbers: sums of C (y - level - slope x)^2 and of its derivatives.
        level = offset + slope * self._centre
        up, down = 1 - level, -1 - level
        loss = sum(
            miss**2 * sums[0] - 2 * miss * slope * sums[1] + slope**2 * sums[2]
            for miss, sums in ((up, own), (down, others))
        )
        total = own + others
        by_offset = level * total[0] + slope * total[1] - own[0] + others[0]
        by_slope = level * total[1] + slope * total[2] - own[1] + others[1] + self._centre * by_offset
        mixed = total[1] + self._centre * total[0]
        squares = total[2] + 2 * self._centre * total[1] + self._centre**2 * total[0]
        return _Point(
            (slope**2 + offset**2) / 2 + loss,
            np.stack([slope + 2 * by_slope, offset + 2 * by_offset]),
            np.array([[1 + 2 * squares, 2 * mixed], [2 * mixed, 1 + 2 * total[0]]]),
        )

    def _sums_below_one(self, slope: np.ndarray, offset: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The sums (3, P) of 1, x and x^2 where slope x + offset < 1: over a machine's class, and over the others."""
        with np.errstate(divide="ignore", invalid="ignore"):
            limit = np.where(slope == 0, np.where(offset < 1, np.inf, -np.inf), (1 - offset) / slope)
        falling = slope < 0
        # Rising lines are below 1 before a place, falling ones from a place on.
        place = np.where(
            falling, np.searchsorted(self._sorted, limit, side="right"), np.searchsorted(self._sorted, limit)
        )
        place_in_class = np.searchsorted(self._keys, self._base + place)
        everything, before = self._sums[:, -1:], self._sums[:, place]
        own_start = self._grouped_sums[:, self._start]
        own_everything = self._grouped_sums[:, self._end] - own_start
        own_before = self._grouped_sums[:, place_in_class] - own_start
        own = np.where(falling, own_everything - own_before, own_before)
        return own, np.where(falling, everything - before, before) - own


def _minimum(at: Callable[[np.ndarray, np.ndarray], _Point], tolerance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slopes and offsets (P,) where the gradients are at most `tolerance` (P,) times those at 0 (algorithm 1)."""
    weights = np.zeros((2, len(tolerance)))
    here = at(*weights)
    radius = _norm(here.gradient)
    enough = tolerance * radius
    searching = radius > enough
    for iteration in range(_ITERATIONS):
        if not searching.any():
            break
        step, residual = _step_within(here, radius)
        there = at(*(weights + step))
        descent = _dot(here.gradient, step)
        predicted = -0.5 * (descent - _dot(step, residual))
        actual = here.loss - there.loss
        length = _norm(step)
        if iteration == 0:
            radius = np.minimum(radius, length)
        radius = _next_radius(radius, length, descent, predicted, actual)
        taken = searching & (actual > _BAD * predicted)
        weights = np.where(taken, weights + step, weights)
        here = _Point(*(np.where(taken, new, old) for new, old in zip(there, here, strict=True)))
        small = 1e-12 * np.abs(here.loss)
        stuck = (np.abs(actual) <= small) & (np.abs(predicted) <= small)
        searching &= ~(taken & (_norm(here.gradient) <= enough)) & ~stuck
    return weights[0], weights[1]


def _next_radius(
    radius: np.ndarray, length: np.ndarray, descent: np.ndarray, predicted: np.ndarray, actual: np.ndarray
) -> np.ndarray:
    """The radii (P,) after steps of some `length`: shorter the less of the `predicted` decrease was `actual`.

    `descent` is the product of gradient and step. A parabola through f at both ends of the step with that slope has its
    minimum at `stretch` times the step.
    """
    excess = -actual - descent
    with np.errstate(divide="ignore", invalid="ignore"):
        stretch = np.where(excess <= 0, _GROW, np.maximum(_SHRINK_MOST, -0.5 * (descent / excess)))
    wanted = stretch * length
    return np.select(
        [actual < _BAD * predicted, actual < _FAIR * predicted, actual < _GOOD * predicted],
        [
            np.minimum(wanted, _SHRINK * radius),
            np.maximum(_SHRINK_MOST * radius, np.minimum(wanted, _SHRINK * radius)),
            np.maximum(_SHRINK_MOST * radius, np.minimum(wanted, _GROW * radius)),
        ],
        np.maximum(radius, np.minimum(wanted, _GROW * radius)),
    )


def _step_within(here: _Point, radius: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Steps (2, P) no longer than `radius` (P,) that lower the quadratic models of f, by conjugate gradients
    (algorithm 2), and the negative gradients (2, P) of the models there.
    """
    step = np.zeros_like(here.gradient)
    residual = -here.gradient
    direction = residual
    square = _dot(residual, residual)
    enough = _RESIDUAL * _norm(here.gradient)
    active = _norm(residual) > enough
    while active.any():
        bent = np.einsum("ijp,jp->ip", here.curvature, direction)
        # Machines that have ended take part, at worst as 0 / 0, and keep their values.
        with np.errstate(divide="ignore", invalid="ignore"):
            to_minimum = square / _dot(direction, bent)
            leaves = active & (_norm(step + to_minimum * direction) > radius)
            moved = np.where(leaves, _distance_to_edge(step, direction, radius), to_minimum)
            step = np.where(active, step + moved * direction, step)
            residual = np.where(active, residual - moved * bent, residual)
            new_square = _dot(residual, residual)
            direction = np.where(active, residual + new_square / square * direction, direction)
        square = new_square
        active = active & ~leaves & (_norm(residual) > enough)
    return step, residual


def _distance_to_edge(step: np.ndarray, direction: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """The t (P,), at least 0, for which `step` + t `direction`, (2, P) each, has the length `radius` (P,)."""
    along, reached, length = _dot(step, direction), _dot(step, step), _dot(direction, direction)
    room = radius**2 - reached
    root = np.sqrt(np.maximum(along**2 + length * room, 0))
    # Of the two equal forms of the solution, the one that subtracts no nearly equal numbers.
    distance: np.ndarray = np.where(along >= 0, room / (along + root), (root - along) / length)
    return distance


def _cumulative(values: np.ndarray) -> np.ndarray:
    """(R, N) -> the sums of the first 0 .. N columns, (R, N + 1)."""
    return np.pad(values.cumsum(axis=1), ((0, 0), (1, 0)))


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(2, P) and (2, P) -> (P,)."""
    product: np.ndarray = a[0] * b[0] + a[1] * b[1]
    return product


def _norm(a: np.ndarray) -> np.ndarray:
    """(2, P) -> (P,)."""
    length: np.ndarray = np.sqrt(_dot(a, a))
    return length
