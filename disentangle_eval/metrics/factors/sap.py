"""The SAP score, separated attribute predictability (Kumar et al., 2018, section 3).

How much better the best code dimension alone predicts a factor than the second best.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
from sklearn.svm import LinearSVC
from sklearn.utils.parallel import Parallel, delayed

from disentangle_eval.api import Metric, Scores, Subject
from disentangle_eval.metrics.factors.config import SAPConfig
from disentangle_eval.metrics.factors.svm_of_one_number import fit_lines
from disentangle_eval.metrics.toolbox.columns import in_usual_units, one_hot_blocks
from disentangle_eval.metrics.toolbox.samples import draw_samples, permutations_of, permuted_sets, varying_columns
from disentangle_eval.metrics.toolbox.statistics import gaps
from disentangle_eval.runtime.threads import pool_threads

# Rows of training images over all fits of the chance level.
ROWS_OF_CHANCE = 10_000


class Found(NamedTuple):
    """Scores (K, F) of dimensions for factors of these names and for permuted ones, and how many images entered."""

    matrix: np.ndarray
    permuted: list[np.ndarray]
    names: list[str]
    counts: dict[str, int]


class SAPMetric(Metric[SAPConfig]):
    """Scores near 0 for an uninformative code; what a perfect code scores depends on the factors' classes.

    A column of classes is one dimension and enters as one-hot columns. Factors that do not vary are left out; with a
    single code dimension the score is 0. Values: `value`, which disentanglement_lib calls `SAP_score`; `gaps`, that of
    each factor, named in `factors`; `best_dims`, the code dimension that predicts each best; `score_matrix` (K rows, a
    column per factor), the accuracies on fresh images or the squared correlations.
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        found = self._classified(subject, seed) if self.cfg.predictor == "svm" else self._correlated(subject, seed)
        lead = gaps(found.matrix)
        values = {
            "value": float(lead.mean()),
            "SAP_score": float(lead.mean()),
            "gaps": lead.tolist(),
            "factors": found.names,
            "best_dims": found.matrix.argmax(axis=0).tolist(),
            "score_matrix": found.matrix.tolist(),
        }
        return Scores(values, float(np.mean([gaps(one) for one in found.permuted])), counts=found.counts)

    def _classified(self, subject: Subject, seed: int) -> Found:
        train, test = draw_samples(subject, seed, self.cfg.num_train, self.cfg.num_test)
        varying = varying_columns(train.factors)
        fresh = test.factors[:, varying]
        blocks = zip(*(one_hot_blocks(samples.codes, subject.code) for samples in (train, test)), strict=True)
        seen, unseen = zip(*(in_usual_units(*pair) for pair in blocks), strict=True)
        predicted = predictions(seen, train.factors[:, varying], unseen)
        permuted = [
            accuracies(predictions(seen, fitted, unseen), others)
            for fitted, others in islice(permuted_sets(varying, train, test, seed=seed), _fits_of_chance(len(train)))
        ]
        names = [subject.factors.names[factor] for factor in varying]
        counts = {"num_train": len(train), "num_test": len(test)}
        return Found(accuracies(predicted, fresh), permuted, names, counts)

    def _correlated(self, subject: Subject, seed: int) -> Found:
        (samples,) = draw_samples(subject, seed, self.cfg.num_train)
        varying = varying_columns(samples.factors)
        factors, blocks = samples.factors[:, varying], one_hot_blocks(samples.codes, subject.code)
        permuted = [
            squared_correlations(blocks, shuffled) for shuffled in permutations_of(factors, samples.images, seed)
        ]
        names = [subject.factors.names[factor] for factor in varying]
        return Found(squared_correlations(blocks, factors), permuted, names, {"num_train": len(samples)})


def _fits_of_chance(images: int) -> int:
    """How often classifiers are fitted to permuted factors: from once for many images to ten times for few."""
    return max(1, min(10, ROWS_OF_CHANCE // images))


def predictions(train: Sequence[np.ndarray], factors: np.ndarray, test: Sequence[np.ndarray]) -> np.ndarray:
    """The class of each factor that each dimension alone predicts for M test images, (M, K, F).

    `train` and `test` are K blocks (N, columns) and (M, columns), `factors` (N, F) the training images' classes.
    """
    # Threads suffice: both solvers work outside Python's lock.
    columns = Parallel(n_jobs=pool_threads(), prefer="threads")(
        delayed(_predict)(seen, fresh, factors) for seen, fresh in zip(train, test, strict=True)
    )
    return np.stack(columns, axis=1)


def accuracies(predicted: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Predicted classes (M, K, F) and the factors' classes (M, F) -> the share that is right, (K, F)."""
    share: np.ndarray = (predicted == factors[:, None]).mean(axis=0)
    return share


def squared_correlations(blocks: Sequence[np.ndarray], factors: np.ndarray) -> np.ndarray:
    """K blocks (N, columns) and factor classes (N, F) as numbers -> squared correlations (K, F); 0 for a constant.

    For a block of one-hot columns the squared multiple correlation: the share of a factor's variance that the means
    of the classes explain.
    """
    return np.stack([_squared_correlation(block.astype(np.float64), factors) for block in blocks])


def _predict(train: np.ndarray, test: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """The class of each factor that a block predicts for M test images, (M, F)."""
    known = [np.unique(factor, return_inverse=True) for factor in factors.T]
    # Of repeated numbers classes can have exactly equal shares; liblinear's rounding then decides what is predicted.
    if train.shape[1] == 1 and 2 * len(np.unique(train)) >= len(train):
        labels = np.stack([label for _, label in known], axis=1)
        lines = fit_lines(train[:, 0], labels, [len(classes) for classes, _ in known])
        x = test[:, 0].astype(np.float64)
        predicted = [classes[line.predict(x)] for (classes, _), line in zip(known, lines, strict=True)]
    else:
        # `dual=False` is what scikit-learn chooses here by itself, unless there are fewer images than columns.
        classifier = LinearSVC(C=0.01, class_weight="balanced", dual=False)
        predicted = [classifier.fit(train, factor).predict(test) for factor in factors.T]
    return np.stack(predicted, axis=1)


def _squared_correlation(block: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """A block (N, columns) and factors (N, F) -> (F,)."""
    block = block[:, block.min(axis=0) < block.max(axis=0)]
    if not block.size:
        return np.zeros(factors.shape[1])
    block = block / np.abs(block).max(axis=0)
    centred = factors - factors.mean(axis=0)
    regressors = block - block.mean(axis=0)
    explained = regressors @ np.linalg.lstsq(regressors, centred)[0]
    share: np.ndarray = np.square(explained).sum(axis=0) / np.square(centred).sum(axis=0)
    return share.clip(0, 1)
