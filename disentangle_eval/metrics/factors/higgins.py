"""The Higgins or beta-VAE metric (Higgins et al., 2017, "beta-VAE", section 3).

Take pairs of images that share one factor, and see how far apart their codes are in each dimension. A code is
disentangled when a linear classifier identifies from these distances the factor that pairs share.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from disentangle_eval.api import Metric, Scores, Subject
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.latents import is_categorical
from disentangle_eval.metrics.factors.config import HigginsConfig
from disentangle_eval.metrics.factors.linear_softmax import (
    LinearSoftmax,
    fit_adagrad,
    fit_lbfgs,
    fit_liblinear,
    fit_newton,
)
from disentangle_eval.metrics.factors.predictors import LARGEST
from disentangle_eval.metrics.toolbox.labelled_votes import stream_of
from disentangle_eval.metrics.toolbox.permuted_codes import Coded, has_small_classes, permuted_codes
from disentangle_eval.metrics.toolbox.votes import Stream
from disentangle_eval.runtime.draws import stream_seed

_CHUNK = 2**19


class HigginsMetric(Metric[HigginsConfig]):
    """Scores 1 for a code with a dimension of its own for every factor, and `chance` for an uninformative one.

    Factors of one class are left out. Values: `value` and `eval_accuracy`, the accuracy on fresh points;
    `train_accuracy`; `train_loss`, the classifier's mean cross entropy on its training points, nats;
    `factor_confusion`, the fresh points by the factor that was shared (rows) and the predicted one (columns), both
    named by `factors`;
    `solver_iterations`, and `converged`, whether the solver met its tolerance, null where it has none.

    In a column of classes two codes are 1 apart where the classes differ and 0 where they do not.
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        cfg = self.cfg
        stream = stream_of(subject, cfg.stream, seed)
        varying = stream.varying
        if len(varying) < 2:
            sizes = subject.factors.sizes
            raise UsageError("factor sizes", received=sizes, expected="two factors of two classes or more")
        names = [subject.factors.names[factor] for factor in varying]
        uninformative: list[Coded] = []
        if cfg.stream == "labelled" or has_small_classes(subject.grid):
            uninformative.extend(permuted_codes(subject, stream_seed(seed, "higgins", "chance")))
        # The reference averages in the precision of the codes.
        dtype = None if cfg.stream == "reference" else np.float64
        tables = [subject, *uninformative]
        points, labels = draw_points(tables, stream, cfg.train_points, cfg.pairs_per_point, dtype)
        missing = np.setdiff1d(np.arange(len(varying)), labels)
        if missing.size:
            raise UsageError(
                "train_points",
                received=f"{cfg.train_points}, of which none shares {names[missing[0]]!r}",
                expected="more",
            )
        fresh, fresh_labels = draw_points(tables, stream, cfg.eval_points, cfg.pairs_per_point, dtype)

        classifiers = [self.classifier(of_table, labels, seed) for of_table in points]
        confusions = [
            confusion_matrix(fresh_labels, fitted.predict(of_table), len(varying))
            for fitted, of_table in zip(classifiers, fresh, strict=True)
        ]
        classifier, confusion = classifiers[0], confusions[0]
        if cfg.solver == "newton" and not classifier.converged:
            raise DevalError(
                f"newton: not converged to {cfg.tolerance:g} after {classifier.iterations} iterations",
                advice="raise iterations, tolerance or penalty",
            )
        chance = float(np.mean([accuracy(one) for one in confusions[1:]])) if uninformative else 1 / len(varying)
        values = {
            "value": accuracy(confusion),
            "train_accuracy": float(np.mean(classifier.predict(points[0]) == labels)),
            "eval_accuracy": accuracy(confusion),
            "train_loss": classifier.cross_entropy(points[0], labels),
            "solver_iterations": classifier.iterations,
            "converged": classifier.converged,
            "factors": names,
            "factor_confusion": confusion.tolist(),
        }
        counts = {"train_points": len(labels), "eval_points": len(fresh_labels)}
        return Scores(values, chance=chance, counts=counts)

    def classifier(self, points: np.ndarray, labels: np.ndarray, seed: int) -> LinearSoftmax:
        """The settings' classifier of points (N, K) with labels (N,), all of which occur."""
        cfg = self.cfg
        if cfg.solver == "lbfgs":
            return fit_lbfgs(points, labels, cfg.penalty, cfg.tolerance, cfg.iterations)
        if cfg.solver == "liblinear":
            return fit_liblinear(points, labels, cfg.penalty, cfg.tolerance, cfg.iterations)
        if cfg.solver == "newton":
            return fit_newton(points, labels, cfg.penalty, cfg.tolerance, cfg.iterations)
        random = np.random.default_rng(stream_seed(seed, "higgins", "weights"))
        initial = random.normal(scale=cfg.weight_std, size=(points.shape[1] + 1, labels.max() + 1))
        return fit_adagrad(points, labels, initial, cfg.iterations, cfg.batch_size, cfg.learning_rate, cfg.accumulator)


def draw_points(
    tables: Sequence[Coded], stream: Stream, count: int, pairs: int, dtype: type | None = None
) -> tuple[list[np.ndarray], np.ndarray]:
    """The points of each of T tables at the same pairs, T arrays (count, K) float64, and the shared factors, (count,).

    A point is the mean of `pairs` distances between two codes, averaged in `dtype` or in the precision of the codes.
    Factors are numbered from 0 among the varying ones. DevalError where a point is not finite, or too large for a
    classifier.
    """
    chunks: list[list[np.ndarray]] = [[] for _ in tables]
    fixed = []
    rows = max(1, _CHUNK // pairs)
    for start in range(0, count, rows):
        drawn = stream.pairs(min(rows, count - start), pairs)
        fixed.append(drawn.fixed)
        images, index = distinct(drawn.index, len(tables[0]))
        for table, points in zip(tables, chunks, strict=True):
            points.append(mean_distances(table.codes(images), index, np.array(is_categorical(table.code)), dtype))
    found = [np.concatenate(points).astype(np.float64) for points in chunks]
    if not all(np.isfinite(points).all() and points.max() <= LARGEST for points in found):
        raise DevalError(
            "codes",
            received="numbers whose differences are too large to classify",
            expected=f"differences up to {LARGEST:g}",
            advice="divide the codes by a constant",
        )
    return found, np.searchsorted(stream.varying, np.concatenate(fixed))


def distinct(index: np.ndarray, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices (any shape) of so many images -> the different ones, ascending, and each index's position there."""
    if images > 8 * index.size:
        found, place = np.unique(index, return_inverse=True)
        return found, place.reshape(index.shape)
    # Where most images are needed, marking them is forty times faster than sorting.
    needed = np.zeros(images, dtype=bool)
    needed[index] = True
    return np.flatnonzero(needed), (np.cumsum(needed) - 1)[index]


def mean_distances(
    codes: np.ndarray, index: np.ndarray, categorical: np.ndarray, dtype: type | None = None
) -> np.ndarray:
    """Codes (n, K) and pairs of their rows, `index` (M, 2, L) -> (M, K): the mean over pairs of |difference|.

    Where a column is `categorical` (K,), the mean of 1 where the classes differ. Summed pair by pair in `dtype`, or in
    the precision of the codes.
    """
    total = np.zeros((len(index), codes.shape[1]), dtype=dtype or codes.dtype)
    with np.errstate(over="ignore"):
        for pair in range(index.shape[2]):
            distance = codes.take(index[:, 0, pair], axis=0)
            distance -= codes.take(index[:, 1, pair], axis=0)
            np.abs(distance, out=distance)
            distance[:, categorical] = distance[:, categorical] > 0
            total += distance
    total /= index.shape[2]
    return total


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Labels (N,) and predictions (N,) -> how often each pair of them occurs, (classes, classes) int64."""
    return np.bincount(labels * classes + predicted, minlength=classes**2).reshape(classes, classes)


def accuracy(confusion: np.ndarray) -> float:
    """Confusions (C, C) -> the share of points that are on the diagonal."""
    return float(np.trace(confusion) / confusion.sum())
