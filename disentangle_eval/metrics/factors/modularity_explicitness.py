"""Modularity and explicitness (Ridgeway & Mozer, 2018, "Learning Deep Disentangled Embeddings With the F-Statistic
Loss", section 3).

Modularity: does each code dimension know of one factor alone? Explicitness: can a linear model read off the factors?
"""

from __future__ import annotations

import warnings
from typing import Literal, NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.utils.parallel import Parallel, delayed
from threadpoolctl import threadpool_limits

from disentangle_eval.api import Metric, Scores, Subject
from disentangle_eval.metrics.factors.config import ModularityExplicitnessConfig
from disentangle_eval.metrics.factors.softmax_regression import fit_softmax
from disentangle_eval.metrics.toolbox.columns import one_hot_blocks, too_large
from disentangle_eval.metrics.toolbox.information_table import information_table
from disentangle_eval.metrics.toolbox.samples import draw_samples, varying_columns
from disentangle_eval.runtime.threads import pool_threads

Solver = Literal["lbfgs", "liblinear"]


class Explicitness(NamedTuple):
    """Areas under the ROC curve on the images fitted to and on fresh ones, and whether the solver converged."""

    train: float
    test: float
    converged: bool


class ModularityExplicitnessMetric(Metric[ModularityExplicitnessConfig]):
    """Modularity is 1 where every code dimension knows of one factor alone; explicitness 1 where a linear model reads
    off every class, and 0.5 where it guesses.

    Factors that do not vary are left out. An uninformative dimension counts 0 in the modularity; constant
    dimensions take no part in the explicitness, which is 0.5 without any other. A column of classes keeps its classes
    for the modularity and enters as one-hot columns for the explicitness. Values: `value`, the modularity, which
    disentanglement_lib calls `modularity_score`; `explicitness_score_train` and `explicitness_score_test`;
    `modularity`, that of each dimension; `informative_dims`, those with any information, and `modularity_informative`,
    the mean over them or None; `explicitness_train`, `explicitness_test` and `converged`, of each factor, named in
    `factors`; `mutual_information` in nats (K rows, a column per factor).
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        train, test = draw_samples(subject, seed, self.cfg.num_train, self.cfg.num_test)
        varying = varying_columns(train.factors, test.factors)
        fitted, fresh = train.factors[:, varying], test.factors[:, varying]
        table = information_table(subject, train, seed, self.cfg.bins, varying)
        information = table.information
        modularities = modularity(information)
        informative = np.flatnonzero(information.max(axis=1) > 0)
        blocks = [np.hstack(one_hot_blocks(samples.codes, subject.code)) for samples in (train, test)]
        readings = explicitness(*standardised(*blocks), fitted, fresh, self.cfg.solver)
        values = {
            "value": float(modularities.mean()),
            "modularity_score": float(modularities.mean()),
            "explicitness_score_train": float(np.mean([reading.train for reading in readings])),
            "explicitness_score_test": float(np.mean([reading.test for reading in readings])),
            "modularity": modularities.tolist(),
            "informative_dims": informative.tolist(),
            "modularity_informative": float(modularities[informative].mean()) if informative.size else None,
            "factors": table.names,
            "explicitness_train": [reading.train for reading in readings],
            "explicitness_test": [reading.test for reading in readings],
            "converged": [reading.converged for reading in readings],
            "mutual_information": information.tolist(),
        }
        chance = np.mean([modularity(permuted) for permuted in table.permuted])
        return Scores(values, float(chance), counts={"num_train": len(train), "num_test": len(test)})


def modularity(information: np.ndarray) -> np.ndarray:
    """Mutual information (K, F) -> the modularity of each dimension, (K,) in 0 to 1.

    With m the information a dimension has on its best factor: 1 - (the mean squared information on the others) / m^2.
    0 where m is 0; 1 where there is one factor alone and m is not 0.
    """
    squared = np.square(information)
    best = squared.max(axis=1)
    others = max(1, information.shape[1] - 1)
    strayed = np.divide(squared.sum(axis=1) - best, best * others, out=np.ones_like(best), where=best > 0)
    modularities: np.ndarray = 1 - strayed
    return modularities


def standardised(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns (N, C) and (M, C) by the mean and standard deviation of `train`, without those it holds constant."""
    # The study fits in float32, where the sixth digit depends on the processor and its number of threads.
    train, test = train.astype(np.float64), test.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        mean, deviation = train.mean(axis=0), train.std(axis=0)
    if not np.isfinite(deviation).all():
        raise too_large(train)
    kept = (train.min(axis=0) < train.max(axis=0)) & (deviation > 0)
    return (train[:, kept] - mean[kept]) / deviation[kept], (test[:, kept] - mean[kept]) / deviation[kept]


def explicitness(
    train: np.ndarray, test: np.ndarray, fitted: np.ndarray, fresh: np.ndarray, solver: Solver = "lbfgs"
) -> list[Explicitness]:
    """How well a logistic regression on `train` (N, C) reads off each factor of `fitted` (N, F), and of fresh images.

    `test` is (M, C) and `fresh` (M, F). The area under the ROC curve is the mean over the classes of a factor, without
    those that are not among the images or are all of them.
    """
    if not train.shape[1]:
        return [Explicitness(0.5, 0.5, True)] * fitted.shape[1]
    # One thread per factor: products are too small to share out, and threads that wait take time from those that work.
    with threadpool_limits(1, "blas"), warnings.catch_warnings():
        # The study leaves the solver its hundred iterations, whether or not it converges; the result says so.
        warnings.simplefilter("ignore", ConvergenceWarning)
        readings: list[Explicitness] = Parallel(n_jobs=pool_threads(), prefer="threads")(
            delayed(_explicitness)(train, test, *classes, solver) for classes in zip(fitted.T, fresh.T, strict=True)
        )
    return readings


def _explicitness(
    train: np.ndarray, test: np.ndarray, fitted: np.ndarray, fresh: np.ndarray, solver: Solver
) -> Explicitness:
    classes, labels = np.unique(fitted, return_inverse=True)
    if solver == "liblinear":
        classifier = OneVsRestClassifier(LogisticRegression(solver="liblinear")).fit(train, fitted)
        converged = all(one.n_iter_.max() < one.max_iter for one in classifier.estimators_)
        probabilities = [classifier.predict_proba(x).T for x in (train, test)]
    elif len(classes) == 2:
        classifier = LogisticRegression().fit(train, fitted)
        converged = bool(classifier.n_iter_.max() < classifier.max_iter)
        probabilities = [classifier.predict_proba(x).T for x in (train, test)]
    else:
        regression = fit_softmax(train, labels, len(classes))
        converged = regression.converged
        probabilities = [regression.probabilities(x) for x in (train, test)]
    of_train, of_test = probabilities
    return Explicitness(_area(of_train, classes, fitted), _area(of_test, classes, fresh), converged)


def _area(probability: np.ndarray, classes: np.ndarray, known: np.ndarray) -> float:
    """Probabilities (C, N) of C classes, and the classes (N,) -> the mean area under the classes' ROC curves.

    Without classes that no image has or all have; 0.5 where that leaves none.
    """
    areas = []
    for row, one in zip(probability, classes, strict=True):
        inside = row[known == one]
        outside = len(row) - len(inside)
        if len(inside) and outside:
            ordered = np.sort(row)
            # The rank of each, the mean of those it shares among equals.
            ranks = (np.searchsorted(ordered, inside) + np.searchsorted(ordered, inside, side="right") + 1) / 2
            above = ranks.sum() - len(inside) * (len(inside) + 1) / 2
            areas.append(above / (len(inside) * outside))
    return float(np.mean(areas)) if areas else 0.5
