import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from disentangle_eval.metrics.factors import softmax_regression
from disentangle_eval.metrics.factors.softmax_regression import fit_softmax


@pytest.mark.parametrize("block", [2**16, 100])
def test_weights_and_probabilities_are_those_of_scikit_learn(block, monkeypatch):
    monkeypatch.setattr(softmax_regression, "_BLOCK", block)
    random = np.random.default_rng(0)
    labels = random.integers(5, size=300)
    points = random.normal(size=(300, 4)) + random.normal(size=(5, 4))[labels]
    ours, theirs = fit_softmax(points, labels, 5), LogisticRegression().fit(points, labels)
    np.testing.assert_allclose(ours.weights, np.hstack([theirs.coef_, theirs.intercept_[:, None]]), atol=1e-9)
    np.testing.assert_allclose(ours.probabilities(points), theirs.predict_proba(points).T, atol=1e-9)
    assert ours.converged


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
def test_what_needs_more_iterations_is_not_converged():
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), 50)
    points = random.normal(size=(200, 3)) * [1.0, 1e-3, 1e4] + labels[:, None] * [1.0, 1e-3, 2e4]
    ours, theirs = fit_softmax(points, labels, 4), LogisticRegression().fit(points, labels)
    assert ours.converged == (theirs.n_iter_.max() < 100)
