import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression

from disentangle_eval.metrics.factors.linear_softmax import fit_adagrad, fit_lbfgs, fit_liblinear, fit_newton


def labelled(classes=3, n=200):
    random = np.random.default_rng(0)
    labels = np.arange(n) % classes
    return random.normal(size=(n, 2)) + random.normal(size=(classes, 2))[labels], labels


def test_lbfgs_is_scikit_learns_logistic_regression_as_it_comes():
    points, labels = labelled()
    fitted, sklearn = fit_lbfgs(points, labels, 1.0, 1e-4, 100), LogisticRegression().fit(points, labels)
    np.testing.assert_array_equal(fitted.weights, sklearn.coef_.T)
    np.testing.assert_array_equal(fitted.predict(points), sklearn.predict(points))
    expected = -np.log(sklearn.predict_proba(points)[np.arange(len(labels)), labels]).mean()
    assert fitted.cross_entropy(points, labels) == pytest.approx(expected, rel=1e-12)
    assert fitted.converged is True
    assert fit_lbfgs(points, labels, 1.0, 1e-4, 2).converged is False


def test_lbfgs_of_two_classes_predicts_what_scikit_learn_does():
    points, labels = labelled(classes=2)
    fitted, sklearn = fit_lbfgs(points, labels, 1.0, 1e-4, 100), LogisticRegression().fit(points, labels)
    np.testing.assert_array_equal(fitted.predict(points), sklearn.predict(points))
    expected = -np.log(sklearn.predict_proba(points)[np.arange(len(labels)), labels]).mean()
    assert fitted.cross_entropy(points, labels) == pytest.approx(expected, rel=1e-12)


def test_newton_finds_the_minimum_another_minimiser_finds_whatever_the_units():
    points, labels = labelled()

    def loss(parameters):
        logits = points @ parameters[:6].reshape(2, 3) + parameters[6:]
        return (logsumexp(logits, axis=1) - logits[np.arange(len(labels)), labels]).mean()

    least = minimize(loss, np.zeros(9), method="BFGS", options={"gtol": 1e-7}).fun
    fitted = fit_newton(points * [1.0, 1e-3] + [0.0, 5.0], labels, 1e-6, 1e-8, 100)
    assert fitted.converged
    assert fitted.cross_entropy(points * [1.0, 1e-3] + [0.0, 5.0], labels) == pytest.approx(least, abs=1e-7)


def test_newton_copes_with_constant_and_repeated_columns():
    points, labels = labelled()
    wider = np.hstack([points, points, np.full((len(points), 1), 0.1)])
    fitted = fit_newton(wider, labels, 0.01, 1e-8, 100)
    assert fitted.converged
    np.testing.assert_array_equal(fitted.predict(wider), fit_newton(points, labels, 0.005, 1e-8, 100).predict(points))
    assert not fitted.weights[4].any()


@pytest.mark.parametrize("batch_size", [7, 200, 300])
def test_adagrad_takes_the_steps_torch_takes(batch_size):
    points, labels = labelled()
    initial = np.random.default_rng(1).normal(size=(3, 3))
    fitted = fit_adagrad(points, labels, initial, 100, batch_size, 0.1, 0.5)

    weights = torch.tensor(initial, requires_grad=True)
    optimiser = torch.optim.Adagrad([weights], lr=0.1, initial_accumulator_value=0.5, eps=0)
    inputs = torch.tensor(np.hstack([points, np.ones((200, 1))]))
    for iteration in range(100):
        rows = (iteration * batch_size + torch.arange(batch_size)) % 200
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(inputs[rows] @ weights, torch.tensor(labels)[rows]).backward()
        optimiser.step()
    found = np.vstack([fitted.weights, fitted.bias])
    np.testing.assert_allclose(found, weights.detach().numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("classes", [2, 4])
def test_liblinear_minimises_the_penalised_loss_of_each_class_against_the_others_with_a_penalised_bias(classes):
    points, labels = labelled(classes)
    fitted = fit_liblinear(points, labels, 2.0, 1e-8, 1000)
    expected = []
    for k in range(classes):
        sign = np.where(labels == k, 1, -1)

        def loss(w, sign=sign):
            return np.logaddexp(0, -sign * (points @ w[:2] + w[2])).sum() + 2.0 * 0.5 * w @ w

        expected.append(minimize(loss, np.zeros(3), method="BFGS", options={"gtol": 1e-8}).x)
    found = np.vstack([fitted.weights, fitted.bias]).T
    np.testing.assert_allclose(found, expected, atol=1e-4)
    probability = 1 / (1 + np.exp(-(points @ fitted.weights + fitted.bias)))
    probability /= probability.sum(axis=1, keepdims=True)
    entropy = -np.log(probability[np.arange(len(labels)), labels]).mean()
    assert fitted.cross_entropy(points, labels) == pytest.approx(entropy)
    assert fitted.converged
