"""Cluster accuracy: how well the classes of a discrete code agree with the images' labels, names aside.

Reported for InfoGAN (Chen et al., 2016) and its descendants on the test images of MNIST.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.stats import random_table
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from disentangle_eval.api import Metric, Scores, Subject
from disentangle_eval.errors import UsageError
from disentangle_eval.latents import CodeDimension, classes_of
from disentangle_eval.metrics.labels.config import ClusterAccuracyConfig
from disentangle_eval.metrics.toolbox.columns import one_hot_blocks, varies
from disentangle_eval.runtime.draws import stream_seed

UNNAMED = -1

_REPEATS = 200


class ClusterAccuracyMetric(Metric[ClusterAccuracyConfig]):
    """The share of labelled images whose cluster is named after their label; a cluster is one class of a discrete code.

    Values: `value`; `hungarian` and `majority`, the accuracy under either matching, `hungarian_error` and
    `majority_error`, one minus it, and `hungarian_chance` and `majority_chance`, what uninformative clusters of the
    same sizes would get; `nmi`, the mutual information of clusters and labels over the mean of their entropies, and
    `ari`, the adjusted Rand index, which need no names; `column`, the code dimension, None for k-means; `num_images`
    that were scored; `classes`, the labels there are; `confusion`, these images by class (a row each, as in `classes`)
    and cluster; `hungarian_names` and `majority_names`, the label each cluster is named after, or -1; `mapping_split`,
    the data these names were found on.

    UsageError for a code without a categorical dimension, unless clusters are those of k-means.
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        column = self._column(subject.code)
        labels, codes = subject.labels, subject.codes(np.arange(len(subject.labels)))
        if self.cfg.held_back == "validation":
            other = self._validation(subject)
            labels = np.concatenate([labels, other.labels])
            codes = np.concatenate([codes, other.codes(np.arange(len(other.labels)))])
        if column is None:
            clusters = k_means(codes, subject.code, len(np.unique(labels)), seed, self.cfg.clusters == "k-means")
        else:
            clusters = codes[:, column].astype(np.int64)
        size = int(clusters.max()) + 1 if column is None else classes_of(subject.code)[column]
        classes = np.unique(labels)
        naming, scored = self._split(len(subject.labels), len(labels), seed)
        named = confusion_matrix(labels[naming], clusters[naming], size, classes)
        confusion = confusion_matrix(labels[scored], clusters[scored], size, classes)
        chances = chance_levels(confusion, seed, None if self.cfg.held_back is None else named)
        values: dict[str, object] = {}
        for matching, match in MATCHINGS.items():
            row = match(named)
            accuracy = agreement(confusion, row)
            values[matching] = accuracy
            values[f"{matching}_error"] = 1 - accuracy
            values[f"{matching}_chance"] = chances[matching]
            values[f"{matching}_names"] = [int(classes[k]) if k != UNNAMED else UNNAMED for k in row]
        values |= {
            "value": values[self.cfg.matching],
            "nmi": float(normalized_mutual_info_score(labels[scored], clusters[scored])),
            "ari": float(adjusted_rand_score(labels[scored], clusters[scored])),
            "mapping_split": self._mapping_split(subject, len(naming)),
            "column": column,
            "num_images": len(scored),
            "classes": classes.tolist(),
            "confusion": confusion.tolist(),
        }
        counts = {} if self.cfg.held_back is None else {"held_back": len(naming)}
        return Scores(values, chance=chances[self.cfg.matching], counts=counts)

    def _validation(self, subject: Subject) -> Subject:
        if subject.validation is None:
            raise UsageError("cluster-accuracy", received="no images held back from training", expected="some")
        return subject.validation

    def _mapping_split(self, subject: Subject, naming: int) -> str:
        """The images that name the clusters, in words."""
        if self.cfg.held_back == "validation":
            return self._validation(subject).data.name
        images = subject.data.name if "images" in subject.offered else "codes"
        return images if self.cfg.held_back is None else f"{images}, {naming:,} images held back"

    def _column(self, code: Sequence[CodeDimension]) -> int | None:
        """The code dimension whose classes are the clusters; None where k-means finds them."""
        if self.cfg.clusters != "code":
            return None
        return cluster_column(code, self.cfg.column, "--protocol k-means clusters real numbers")

    def _split(self, images: int, total: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """The images that name the clusters and those that are scored.

        They are the same; or those behind the first `images` of `total`; or some held back, at most half of all.
        """
        if self.cfg.held_back is None:
            return np.arange(images), np.arange(images)
        if self.cfg.held_back == "validation":
            return np.arange(images, total), np.arange(images)
        order = np.random.default_rng(stream_seed(seed, "held back")).permutation(images)
        count = min(self.cfg.held_back, images // 2)
        return order[:count], order[count:]


def k_means(
    codes: np.ndarray, code: Sequence[CodeDimension], clusters: int, seed: int, scaled: bool = True
) -> np.ndarray:
    """Clusters (N,) of images by Lloyd's k-means of codes (N, K), standardised if `scaled`: the best of ten starts.

    A column of classes enters as one-hot columns; constant columns do not count.
    """
    from sklearn.cluster import KMeans

    columns = np.hstack(one_hot_blocks(codes, code)).astype(np.float64)
    columns = columns[:, varies(columns)]
    if not columns.size:
        return np.zeros(len(codes), dtype=np.int64)
    points = (columns - columns.mean(axis=0)) / columns.std(axis=0) if scaled else columns
    distinct = min(clusters, len(np.unique(points, axis=0)))
    seeded = KMeans(distinct, n_init=10, random_state=stream_seed(seed, "k-means") % 2**32)
    found: np.ndarray = seeded.fit_predict(points).astype(np.int64)
    return found


def cluster_column(code: Sequence[CodeDimension], chosen: int | None = None, advice: str = "") -> int:
    """The chosen column of a code, else the first with the most classes; UsageError where it holds no classes."""
    sizes = classes_of(code)
    if chosen is not None and (chosen >= len(sizes) or not sizes[chosen]):
        known = ", ".join(str(column) for column, size in enumerate(sizes) if size) or "none"
        raise UsageError("column", received=chosen, expected=f"a categorical dimension of the code: {known}")
    if not any(sizes):
        raise UsageError(
            "code",
            received=f"{len(sizes)} real numbers",
            expected="one with a categorical dimension: a model with a discrete code, or a table with code_classes",
            advice=advice,
        )
    return int(np.argmax(sizes)) if chosen is None else chosen


def confusion_matrix(labels: np.ndarray, clusters: np.ndarray, n_clusters: int, classes: np.ndarray) -> np.ndarray:
    """Images (N,) of each label of `classes` (C,), ascending, in each cluster, (C, n_clusters) int64."""
    row = np.searchsorted(classes, labels)
    cells = np.bincount(row * n_clusters + clusters, minlength=len(classes) * n_clusters)
    return cells.reshape(len(classes), n_clusters)


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


def chance_levels(confusion: np.ndarray, seed: int, named: np.ndarray | None = None) -> dict[str, float]:
    """The mean accuracy of clusters of the same sizes that were filled at random, under each matching.

    Names are found on the same images, or on those of `named` (C, K) filled at random in their turn.
    """
    random = np.random.default_rng(seed)

    def filled(images: np.ndarray) -> np.ndarray:
        if 1 in images.shape:  # no other table has these sums, and scipy draws one that has not
            return images[None].repeat(_REPEATS, axis=0)
        drawn = random_table(images.sum(axis=1), images.sum(axis=0)).rvs(_REPEATS, random_state=random)
        tables: np.ndarray = drawn.astype(np.int64)
        return tables

    tables = filled(confusion)
    naming = tables if named is None else filled(named)
    return {
        matching: float(np.mean([agreement(table, match(other)) for table, other in zip(tables, naming, strict=True)]))
        for matching, match in MATCHINGS.items()
    }
