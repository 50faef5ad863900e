"""DCI by regression, as it was published (Eastwood & Williams, 2018, "A Framework for the Quantitative Evaluation of
Disentangled Representations", sections 2 and 4): factors are real numbers, without classes or bins.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Lasso

from disentangle_eval.api import Metric, Scores, Subject
from disentangle_eval.metrics.factors.config import DCIRegressionConfig
from disentangle_eval.metrics.factors.dci import purity, shares
from disentangle_eval.metrics.factors.r2 import r_squared, standardised_codes
from disentangle_eval.metrics.toolbox.columns import sums_by_block
from disentangle_eval.metrics.toolbox.forests import fit_forest
from disentangle_eval.metrics.toolbox.samples import draw_images, factor_values, permutations_of, varying_columns
from disentangle_eval.runtime.draws import stream_seed


class Fit(NamedTuple):
    """How much each dimension matters to each factor, (K, F), and the regressors' predictions, (N, F) and (M, F)."""

    importance: np.ndarray
    train: np.ndarray
    test: np.ndarray


class DCIRegressionMetric(Metric[DCIRegressionConfig]):
    """Disentanglement is 1 where every dimension matters to one factor alone, completeness 1 where every factor is read
    from one dimension alone; informativeness is R squared on fresh images.

    Codes and factors are standardised, so that units have no effect. Factors that do not vary are left out. A column of
    classes enters as one-hot columns and is one dimension, with the sum of their importances. Values: `value` and
    `disentanglement`, the same, weighted by how much each dimension matters; `completeness`, the mean over factors;
    `informativeness_train` and `informativeness_test`; `dimension_disentanglement` and `dimension_weight` (K,);
    `factor_completeness`, and `r2_train`, `r2_test` and `error` of each factor, named in `factors`, where the error is
    the authors' informativeness, the root mean squared error over the factor's standard deviation; `importance` (K
    rows, a column per factor).
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        train, test = draw_images(subject, seed, self.cfg.num_train, self.cfg.num_test)
        varying = varying_columns(*(subject.factors.classes(index) for index in (train, test)))
        blocks, blocks_test = (standardised_codes(subject, train, index) for index in (train, test))
        x_test = np.hstack(blocks_test)
        y, y_test = (factor_values(subject.factors, index)[:, varying] for index in (train, test))
        mean, deviation = y.mean(axis=0), y.std(axis=0)
        y, y_test = (y - mean) / deviation, (y_test - mean) / deviation

        fit = self._fit(blocks, y, x_test, seed)
        of_dimension, of_factor = purity(fit.importance), purity(fit.importance.T)
        weight = shares(fit.importance.sum(axis=1))
        r2_train, r2_test = r_squared(y, fit.train), r_squared(y_test, fit.test)
        values = {
            "value": float(of_dimension @ weight),
            "disentanglement": float(of_dimension @ weight),
            "completeness": float(of_factor.mean()),
            "informativeness_train": float(r2_train.mean()),
            "informativeness_test": float(r2_test.mean()),
            "dimension_disentanglement": of_dimension.tolist(),
            "dimension_weight": weight.tolist(),
            "factors": [subject.factors.names[factor] for factor in varying],
            "factor_completeness": of_factor.tolist(),
            "r2_train": r2_train.tolist(),
            "r2_test": r2_test.tolist(),
            "error": np.sqrt(1 - r2_test).tolist(),
            "importance": fit.importance.tolist(),
        }
        permuted = []
        for shuffled in permutations_of(y, train, seed):
            other = self._fit(blocks, shuffled, x_test[:1], seed).importance
            permuted.append(float(purity(other) @ shares(other.sum(axis=1))))
        return Scores(values, float(np.mean(permuted)), counts={"num_train": len(train), "num_test": len(test)})

    def _fit(self, blocks: list[np.ndarray], y: np.ndarray, x_test: np.ndarray, seed: int) -> Fit:
        """One regressor per factor of y (N, F), of K blocks (N, columns); the test images' columns are joined."""
        x = np.hstack(blocks)
        columns, train, test = [], [], []
        for factor, target in enumerate(y.T):
            regressor = self._fitted(x, target, stream_seed(seed, "forests", factor) % 2**32)
            lasso = isinstance(regressor, Lasso)
            importances = np.abs(regressor.coef_ if lasso else regressor.feature_importances_)
            columns.append(sums_by_block(importances, blocks))
            train.append(regressor.predict(x))
            test.append(regressor.predict(x_test))
        return Fit(*(np.stack(parts, axis=1) for parts in (columns, train, test)))

    def _fitted(self, x: np.ndarray, y: np.ndarray, seed: int) -> Lasso | RandomForestRegressor:
        cfg = self.cfg
        if cfg.predictor == "lasso":
            return Lasso(alpha=cfg.penalty).fit(x, y)
        return fit_forest(RandomForestRegressor(cfg.trees, max_depth=cfg.depth, random_state=seed), x, y)
