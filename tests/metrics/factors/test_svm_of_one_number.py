import numpy as np
import pytest
from sklearn.svm import LinearSVC

from disentangle_eval.metrics.factors.svm_of_one_number import fit_lines


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
