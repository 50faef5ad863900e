"""Linear softmax classifiers, trained to a minimum or for a fixed number of iterations."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.special import log_expit, log_softmax, logsumexp
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier


@dataclass(frozen=True)
class LinearSoftmax:
    """Logits x @ `weights` + `bias` for points x (N, K): weights (K, C), bias (C,).

    `iterations` is how many the solver took; `converged` is whether it met its tolerance, None where it has none.
    """

    weights: np.ndarray
    bias: np.ndarray
    iterations: int
    converged: bool | None = None

    def predict(self, points: np.ndarray) -> np.ndarray:
        """Points (N, K) -> the most probable class of each, (N,) int64."""
        predicted: np.ndarray = self._logits(points).argmax(axis=1)
        return predicted

    def cross_entropy(self, points: np.ndarray, labels: np.ndarray) -> float:
        """Mean of -log p(label), nats, over points (N, K) with labels (N,)."""
        log_probabilities = log_softmax(self._logits(points), axis=1)
        return float(-log_probabilities[np.arange(len(labels)), labels].mean())

    def _logits(self, points: np.ndarray) -> np.ndarray:
        logits: np.ndarray = points @ self.weights + self.bias
        return logits


@dataclass(frozen=True)
class LinearOneVsRest(LinearSoftmax):
    """The same logits, each of one class against the others; p(class) is its sigmoid, normalised over the classes."""

    def cross_entropy(self, points: np.ndarray, labels: np.ndarray) -> float:
        log_sigmoid = log_expit(self._logits(points))
        log_probabilities = log_sigmoid - logsumexp(log_sigmoid, axis=1, keepdims=True)
        return float(-log_probabilities[np.arange(len(labels)), labels].mean())


def fit_lbfgs(
    points: np.ndarray, labels: np.ndarray, penalty: float, tolerance: float, iterations: int
) -> LinearSoftmax:
    """scikit-learn's logistic regression as it comes: points (N, K) unscaled, labels (N,) all of 0 .. C - 1."""
    return _fit("lbfgs", points, labels, penalty, tolerance, iterations)


def fit_liblinear(
    points: np.ndarray, labels: np.ndarray, penalty: float, tolerance: float, iterations: int
) -> LinearOneVsRest:
    """What `LogisticRegression()` meant in scikit-learn until 0.21: liblinear, each class against the others.

    The bias is penalised as a weight is.
    """
    model = LogisticRegression(solver="liblinear", C=1 / penalty, tol=tolerance, max_iter=iterations)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = OneVsRestClassifier(model).fit(points, labels).estimators_
    weights, bias = (
        np.stack([one.coef_[0] for one in fitted], axis=1),
        np.concatenate([one.intercept_ for one in fitted]),
    )
    if len(fitted) == 1:
        # Two classes share one classifier, of the second.
        weights, bias = np.hstack([-weights, weights]), np.append(-bias, bias)
    taken = int(max(one.n_iter_.max() for one in fitted))
    return LinearOneVsRest(weights, bias, taken, taken < iterations)


def fit_newton(
    points: np.ndarray, labels: np.ndarray, penalty: float, tolerance: float, iterations: int
) -> LinearSoftmax:
    """The minimum, by Newton's method on standardised points, so that the units of a column have no effect.

    The penalty is on the weights of the standardised columns; constant columns get none.
    """
    mean, std = points.mean(axis=0), points.std(axis=0)
    # The std of a constant column need not be 0: its mean is rounded.
    scale = np.divide(1.0, std, out=np.zeros_like(std), where=points.min(axis=0) < points.max(axis=0))
    fitted = _fit("newton-cholesky", (points - mean) * scale, labels, penalty, tolerance, iterations)
    weights = scale[:, None] * fitted.weights
    return LinearSoftmax(weights, fitted.bias - mean @ weights, fitted.iterations, fitted.converged)


def fit_adagrad(
    points: np.ndarray,
    labels: np.ndarray,
    initial: np.ndarray,
    iterations: int,
    batch_size: int,
    learning_rate: float,
    accumulator: float,
) -> LinearSoftmax:
    """A fixed number of Adagrad's iterations (Duchi et al., 2011) on the mean cross entropy of a batch.

    Batches follow one another through points (N, K) and labels (N,), from the start again after the last. `initial`
    (K + 1, C) are the weights at the start, the bias last. G <- G + g^2 from `accumulator` on, w <- w - rate g/sqrt(G).
    """
    weights = initial.copy()
    squares = np.full_like(weights, accumulator)
    # A batch that runs over the end is whole again when the start is repeated there.
    inputs = _wrapped(np.hstack([points, np.ones((len(points), 1))]), batch_size)
    targets = _wrapped(np.eye(weights.shape[1])[labels], batch_size)
    for iteration in range(iterations):
        start = iteration * batch_size % len(points)
        batch = inputs[start : start + batch_size]
        logits = batch @ weights
        logits -= logits.max(axis=1, keepdims=True)
        error = np.exp(logits)
        error /= error.sum(axis=1, keepdims=True)
        error -= targets[start : start + batch_size]
        gradient = batch.T @ error
        gradient /= batch_size
        squares += gradient * gradient
        weights -= learning_rate * gradient / np.sqrt(squares)
    return LinearSoftmax(weights[:-1], weights[-1], iterations)


def _fit(
    solver: str, points: np.ndarray, labels: np.ndarray, penalty: float, tolerance: float, iterations: int
) -> LinearSoftmax:
    model = LogisticRegression(solver=solver, C=1 / penalty, tol=tolerance, max_iter=iterations)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(points, labels)
    weights, bias = model.coef_.T, model.intercept_
    if len(model.classes_) == 2:
        # Of two classes scikit-learn keeps the logit of the second alone.
        weights, bias = np.hstack([np.zeros_like(weights), weights]), np.append(0.0, bias)
    unfinished = any(issubclass(warning.category, ConvergenceWarning) for warning in caught)
    return LinearSoftmax(weights, bias, int(model.n_iter_.max()), not unfinished)


def _wrapped(rows: np.ndarray, extra: int) -> np.ndarray:
    return np.concatenate([rows, np.resize(rows, (extra, rows.shape[1]))])
