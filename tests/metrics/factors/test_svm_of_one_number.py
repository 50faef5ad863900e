import numpy as np
import pytest
from sklearn.svm import LinearSVC

from disentangle_eval.metrics.factors.svm_of_one_number import _minimum, _Point, fit_lines


@pytest.mark.parametrize("unit", [1.0, 1e-3, -200.0])
@pytest.mark.parametrize("centre", [0.0, 30.0])
def test_lines_are_those_of_liblinear(unit, centre):
    random = np.random.default_rng(0)
    labels = random.integers([2, 3, 7], size=(600, 3))
    x = (unit * (labels[:, 0] + 0.3 * labels[:, 2] ** 2 + random.normal(size=600) + centre)).astype(np.float32)
    fresh = (unit * (random.normal(size=400) * 4 + centre)).astype(np.float64)
    for lines, label in zip(fit_lines(x, labels, [2, 3, 7]), labels.T, strict=True):
        theirs = LinearSVC(C=0.01, class_weight="balanced", dual=False).fit(x[:, None], label)
        largest = np.abs(theirs.coef_).max()
        np.testing.assert_allclose(lines.slope, theirs.coef_[:, 0], atol=1e-8 * largest)
        np.testing.assert_allclose(lines.offset, theirs.intercept_, atol=1e-8)
        np.testing.assert_array_equal(lines.predict(fresh), theirs.predict(fresh[:, None]))


class Overshot:
    """Huber's losses of slopes: the quadratic model, too flat away from the centres, promises more than they keep."""

    def __init__(self, scale, centre):
        self.scale, self.centre = scale, centre
        self.tried = []

    def at(self, slope, offset):
        self.tried.append(slope)
        distance = slope - self.centre
        near = np.abs(distance) < 1
        loss = self.scale * np.where(near, distance**2 / 2, np.abs(distance) - 0.5)
        first, second = self.scale * distance.clip(-1, 1), self.scale * np.where(near, 1, 1 / 64)
        none = np.zeros_like(loss)
        return _Point(loss, np.stack([first, none]), np.array([[second, none], [none, none + 1]]))


def radius_after(radius, length, descent, predicted, actual):
    """The rule of Lin, Weng & Keerthi (2008) with liblinear's constants."""
    excess = -actual - descent
    stretch = 4 if excess <= 0 else max(0.25, -0.5 * descent / excess)
    if actual < 1e-4 * predicted:
        return min(stretch * length, 0.5 * radius)
    if actual < 0.25 * predicted:
        return max(0.25 * radius, min(stretch * length, 0.5 * radius))
    if actual < 0.75 * predicted:
        return max(0.25 * radius, min(stretch * length, 4 * radius))
    return max(radius, min(stretch * length, 4 * radius))


def test_steps_that_overshoot_are_taken_back_and_shortened_by_liblinear_s_rule():
    scale, centre = (part.ravel() for part in np.meshgrid([2.0, 8.0, 30.0], np.linspace(0.25, 16, 64)))
    problem = Overshot(scale, centre)
    slope, offset = _minimum(problem.at, np.full(len(centre), 1e-4 / 2))
    np.testing.assert_allclose(slope, centre, atol=1e-3)
    assert not offset.any()
    for machine, tried in enumerate(np.transpose(problem.tried)):
        alone = Overshot(scale[[machine]], centre[[machine]])
        here, now = alone.at(np.zeros(1), np.zeros(1)), 0.0
        first = radius = abs(here.gradient[0, 0])
        for iteration, found in enumerate(tried[1:]):
            (gradient,), (curvature,) = here.gradient[0], here.curvature[0, 0]
            step = float(np.clip(-gradient / curvature, -radius, radius))
            assert found == pytest.approx(now + step, rel=1e-12)
            there = alone.at(np.array([now + step]), np.zeros(1))
            predicted = -(gradient * step + curvature * step**2 / 2)
            actual = float((here.loss - there.loss)[0])
            radius = min(radius, abs(step)) if iteration == 0 else radius
            radius = radius_after(radius, abs(step), gradient * step, predicted, actual)
            if actual > 1e-4 * predicted:
                here, now = there, now + step
                if abs(here.gradient[0, 0]) <= 1e-4 / 2 * first:
                    break
