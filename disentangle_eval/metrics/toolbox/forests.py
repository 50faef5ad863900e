"""Random forests whose predictions do not depend on threads."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from disentangle_eval.runtime.threads import pool_threads

Forest = TypeVar("Forest", RandomForestClassifier, RandomForestRegressor)


def fit_forest(forest: Forest, x: np.ndarray, y: np.ndarray) -> Forest:
    """Fit a forest on several threads; it predicts on one.

    On several, scikit-learn adds the predictions of trees in the order in which threads finish: the last digit varies.
    """
    forest.set_params(n_jobs=pool_threads())
    forest.fit(x, y)
    forest.set_params(n_jobs=1)
    return forest
