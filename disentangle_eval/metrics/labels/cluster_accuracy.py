"""Cluster accuracy: how well the classes of a discrete code agree with the images' labels, names aside.

Reported for InfoGAN (Chen et al., 2016) and its descendants on the test images of MNIST.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.stats import random_table

from disentangle_eval.api import Metric, Scores, Subject
from disentangle_eval.errors import UsageError
from disentangle_eval.latents import Categorical, CodeDimension
from disentangle_eval.metrics.labels.config import ClusterAccuracyConfig

UNNAMED = -1

_REPEATS = 200


class ClusterAccuracyMetric(Metric[ClusterAccuracyConfig]):
    """The share of labelled images whose cluster is named after their label; a cluster is one class of a discrete code.

    Values: `value`; `hungarian` and `majority`, the accuracy under either matching, `hungarian_error` and
    `majority_error`, one minus it, and `hungarian_chance` and `majority_chance`, what clusters of the same sizes that
    know nothing would get; `column`, the code dimension; `num_images`; `classes`, the labels there are; `confusion`,
    images by class (a row each, as in `classes`) and cluster; `hungarian_names` and `majority_names`, the label each
    cluster is named after, or -1; `mapping_split`, the data these names were found on: the very images that are scored.

    Nothing but chance is drawn at random. UsageError for a code without a categorical dimension.
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        labels = subject.labels
        column = cluster_column(subject.code, self.cfg.column)
        clusters = subject.codes(np.arange(len(labels)))[:, column].astype(np.int64)
        dimension = subject.code[column]
        assert isinstance(dimension, Categorical)
        classes, confusion = confusion_matrix(labels, clusters, dimension.classes)
        chances = chance_levels(confusion, seed)
        values: dict[str, object] = {}
        for matching, match in MATCHINGS.items():
            row = match(confusion)
            accuracy = agreement(confusion, row)
            values[matching] = accuracy
            values[f"{matching}_error"] = 1 - accuracy
            values[f"{matching}_chance"] = chances[matching]
            values[f"{matching}_names"] = [int(classes[k]) if k != UNNAMED else UNNAMED for k in row]
        values |= {
            "value": values[self.cfg.matching],
            "mapping_split": subject.data.name if "images" in subject.offered else "codes",
            "column": column,
            "num_images": len(labels),
            "classes": classes.tolist(),
            "confusion": confusion.tolist(),
        }
        return Scores(values, chance=chances[self.cfg.matching])


def cluster_column(code: Sequence[CodeDimension], chosen: int | None = None) -> int:
    """The chosen column of a code, else the first with the most classes; UsageError where it holds no classes."""
    sizes = [dimension.classes if isinstance(dimension, Categorical) else 0 for dimension in code]
    if chosen is not None and (chosen >= len(sizes) or not sizes[chosen]):
        known = ", ".join(str(column) for column, size in enumerate(sizes) if size) or "none"
        raise UsageError("column", received=chosen, expected=f"a categorical dimension of the code: {known}")
    if not any(sizes):
        raise UsageError(
            "cluster-accuracy",
            received=f"a code of {len(sizes)} real numbers",
            expected="one with a categorical dimension: a model with a discrete code, or a table with code_classes",
        )
    return int(np.argmax(sizes)) if chosen is None else chosen


def confusion_matrix(labels: np.ndarray, clusters: np.ndarray, n_clusters: int) -> tuple[np.ndarray, np.ndarray]:
    """The labels there are (C,), ascending, and the images of each label in each cluster, (C, n_clusters) int64."""
    classes, row = np.unique(labels, return_inverse=True)
    cells = np.bincount(row * n_clusters + clusters, minlength=len(classes) * n_clusters)
    return classes, cells.reshape(len(classes), n_clusters)


def hungarian(confusion: np.ndarray) -> np.ndarray:
    """Images (C, K) -> the class each cluster is named after, (K,): one to one, so that most images agree.

    -1 for a cluster that is left over, or would be named after a class of which it has no image.
    """
    names = np.full(confusion.shape[1], UNNAMED)
    rows, columns = linear_sum_assignment(confusion, maximize=True)
    names[columns] = np.where(confusion[rows, columns] > 0, rows, UNNAMED)
    return names


def majority(confusion: np.ndarray) -> np.ndarray:
    """Images (C, K) -> the most frequent class of each cluster, (K,); the first of equals, -1 for an empty cluster."""
    return np.where(confusion.any(axis=0), confusion.argmax(axis=0), UNNAMED)


MATCHINGS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"hungarian": hungarian, "majority": majority}


def agreement(confusion: np.ndarray, names: np.ndarray) -> float:
    """The share of images (C, K) whose cluster is named after their class; a cluster named -1 agrees with none."""
    named = np.flatnonzero(names != UNNAMED)
    return float(confusion[names[named], named].sum() / confusion.sum())


def chance_levels(confusion: np.ndarray, seed: int) -> dict[str, float]:
    """The mean accuracy of clusters of the same sizes that were filled at random, under each matching."""
    tables = random_table(confusion.sum(axis=1), confusion.sum(axis=0)).rvs(
        _REPEATS, random_state=np.random.default_rng(seed)
    )
    return {
        matching: float(np.mean([agreement(table, match(table)) for table in tables.astype(np.int64)]))
        for matching, match in MATCHINGS.items()
    }
