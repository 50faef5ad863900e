"""Classifiers that read a factor off a code, and what one that cannot would score."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import KFold

from disentangle_eval.errors import DevalError

# liblinear's own limit.
LARGEST = 1e30


class LogisticRegression:
    """Multinomial logistic regression whose penalty is chosen by cross-validation, as disentanglement_lib's code does.

    The strengths C are `strengths` powers from 1e-4 to 1e4; the one of the best mean accuracy over `folds` consecutive
    parts of the images, the least of equals, is fitted again to all. With fewer images than `folds` there is one part
    per image. A class that a part's complement lacks is not predicted there; where there is one class in all, it is
    always predicted.
    """

    def __init__(self, strengths: int = 10, folds: int = 5) -> None:
        self._strengths = strengths
        self._folds = folds
        self._fitted: LogisticRegressionCV | None = None

    def fit(self, x: np.ndarray, y: np.ndarray) -> LogisticRegression:
        """Features (N, K), with N at least 2, and classes (N,) integers; DevalError for huge numbers."""
        self._first = y[0]
        if (y != y[0]).any():
            self._fitted = _cross_validated(x, y, self._strengths, self._folds)
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        """(N, K) -> classes (N,)."""
        if self._fitted is None:
            return np.repeat(self._first, len(x))
        predicted: np.ndarray = self._fitted.predict(x)
        return predicted


class OneVsRestLogisticRegression:
    """A logistic regression for each class against the others, each with the penalty its own folds choose.

    What scikit-learn 0.19 to 0.21 meant by `LogisticRegressionCV`, under which disentanglement_lib's study ran. Folds
    and strengths are those of `LogisticRegression`; the class with the largest logit is predicted.
    """

    def __init__(self, strengths: int = 10, folds: int = 5) -> None:
        self._strengths = strengths
        self._folds = folds

    def fit(self, x: np.ndarray, y: np.ndarray) -> OneVsRestLogisticRegression:
        """Features (N, K), with N at least 2, and classes (N,) integers; DevalError where the numbers overflow."""
        self._classes = np.unique(y)
        several = len(self._classes) > 1
        fitted = [_cross_validated(x, y == one, self._strengths, self._folds) for one in self._classes if several]
        self._weights = np.stack([one.coef_[0] for one in fitted], axis=1) if several else np.zeros((x.shape[1], 1))
        self._bias = np.concatenate([one.intercept_ for one in fitted]) if several else np.zeros(1)
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        """(N, K) -> classes (N,)."""
        predicted: np.ndarray = self._classes[(x @ self._weights + self._bias).argmax(axis=1)]
        return predicted


def refuse_huge(x: np.ndarray) -> None:
    """DevalError for numbers beyond 1e30, with which the solvers of a logistic regression get nowhere."""
    if (largest := np.abs(x).max(initial=0.0)) > LARGEST:
        raise DevalError(
            "codes",
            received=f"numbers up to {largest:g}, too large for a logistic regression",
            expected=f"numbers up to {LARGEST:g}",
            advice="divide the codes by a constant",
        )


def _cross_validated(x: np.ndarray, y: np.ndarray, strengths: int, folds: int) -> LogisticRegressionCV:
    refuse_huge(x)
    parts = KFold(min(folds, len(y)))
    # The accuracy and the hundred iterations are defaults that other releases of scikit-learn may change.
    model = LogisticRegressionCV(Cs=strengths, cv=parts, scoring="accuracy", max_iter=100)
    model.fit(x, y)
    return model


def majority_accuracies(train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Factor classes (N, F) and (M, F) -> (F,): the share of `test` that has the most frequent class of `train`.

    The least class counts among those equally frequent.
    """
    most_frequent = np.array([np.bincount(classes).argmax() for classes in train.T])
    share: np.ndarray = (test == most_frequent).mean(axis=0)
    return share
