"""DCI: disentanglement, completeness and informativeness (Eastwood & Williams, 2018, "A Framework for the Quantitative
Evaluation of Disentangled Representations", section 2).

Boosted trees predict each factor from the code; how much they rely on each dimension is read off them.
"""

from __future__ import annotations

import numpy as np

from disentangle_eval.api import Metric, Scores, Subject
from disentangle_eval.metrics.factors.boosted_trees import BoostedTrees, sort_columns
from disentangle_eval.metrics.factors.config import DCIConfig
from disentangle_eval.metrics.factors.predictors import majority_accuracies
from disentangle_eval.metrics.toolbox.columns import in_usual_units, one_hot_blocks, sums_by_block
from disentangle_eval.metrics.toolbox.samples import draw_samples, varying_columns
from disentangle_eval.runtime.draws import stream_seed
from disentangle_eval.runtime.progress import counted

# disentanglement_lib's: what every importance is raised by, so that a row of zeros has an entropy.
_FLOOR = 1e-11


class DCIMetric(Metric[DCIConfig]):
    """Disentanglement is 1 where every dimension matters to one factor alone, completeness 1 where every factor is read
    from one dimension alone; informativeness is the accuracy of the trees.

    Factors that are constant over the training images are left out. A column of classes enters as one-hot columns and
    is one dimension, with the sum of their importances. Values: `value` and `disentanglement`, the same;
    `completeness`; `informativeness_train` and `informativeness_test`, and `informativeness_chance`, what the test
    accuracy would be if the most frequent class were always predicted; `dimension_disentanglement` (K,), and
    `dimension_weight`, the share of each dimension in it; `factor_completeness`, `train_accuracy` and `test_accuracy`
    of each factor, named in `factors`; `importance` (K rows, a column per factor). No chance level is given for the
    disentanglement.
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        cfg = self.cfg
        train, test = draw_samples(subject, seed, cfg.num_train, cfg.num_test)
        varying = varying_columns(train.factors)
        fitted, fresh = train.factors[:, varying], test.factors[:, varying]
        blocks = one_hot_blocks(train.codes, subject.code)
        x, x_test = in_usual_units(np.hstack(blocks), np.hstack(one_hot_blocks(test.codes, subject.code)))
        table = sort_columns(x)
        columns, train_accuracy, test_accuracy = [], [], []
        targets = zip(varying, fitted.T, fresh.T, strict=True)
        for factor, y, y_test in counted(targets, "dci, trees by factor", len(varying)):
            trees = BoostedTrees(cfg.stages, cfg.depth, cfg.learning_rate, stream_seed(seed, "trees", int(factor)))
            trees.fit(table, y)
            columns.append(sums_by_block(trees.importances, blocks))
            train_accuracy.append(float((trees.fitted == y).mean()))
            test_accuracy.append(float((trees.predict(x_test) == y_test).mean()))
        importance = np.stack(columns, axis=1)
        of_dimension, of_factor = purity(importance), purity(importance.T)
        weight = shares(importance.sum(axis=1))
        values = {
            "value": float(of_dimension @ weight),
            "disentanglement": float(of_dimension @ weight),
            "completeness": float(of_factor @ shares(importance.sum(axis=0))),
            "informativeness_train": float(np.mean(train_accuracy)),
            "informativeness_test": float(np.mean(test_accuracy)),
            "informativeness_chance": float(majority_accuracies(fitted, fresh).mean()),
            "dimension_disentanglement": of_dimension.tolist(),
            "dimension_weight": weight.tolist(),
            "factors": [subject.factors.names[factor] for factor in varying],
            "factor_completeness": of_factor.tolist(),
            "train_accuracy": train_accuracy,
            "test_accuracy": test_accuracy,
            "importance": importance.tolist(),
        }
        return Scores(values, counts={"num_train": len(train), "num_test": len(test)})


def purity(importance: np.ndarray) -> np.ndarray:
    """Importances (R, C), at least 0 -> for each row 1 minus the entropy of its shares to base C, (R,) in 0 to 1.

    Equation 2 of the paper: 1 for a row with one entry above 0, also where there is one column alone; 0 for a row of
    zeros, and for any other that is even.
    """
    if importance.shape[1] == 1:
        alone: np.ndarray = (importance[:, 0] > 0).astype(np.float64)
        return alone
    raised = importance + _FLOOR
    share = raised / raised.sum(axis=1, keepdims=True)
    entropy: np.ndarray = -(share * np.log(share)).sum(axis=1) / np.log(importance.shape[1])
    result: np.ndarray = np.clip(1 - entropy, 0, 1)
    return result


def shares(weights: np.ndarray) -> np.ndarray:
    """Weights (n,), at least 0 -> their shares of the sum; even ones where all are 0."""
    total = weights.sum()
    result: np.ndarray = weights / total if total > 0 else np.full(len(weights), 1 / len(weights))
    return result
