"""The interventional robustness score, IRS (Suter et al., 2019, "Robustly Disentangled Causal Mechanisms").

A code dimension is robust if, with its own factor held fixed, changes of all other factors do not change it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from disentangle_eval.api import Metric, Scores, Subject
from disentangle_eval.errors import warn
from disentangle_eval.latents import Categorical, CodeDimension, continuous
from disentangle_eval.metrics.factors.config import IRSConfig
from disentangle_eval.metrics.toolbox.columns import discretise, varies
from disentangle_eval.metrics.toolbox.samples import drawn_or_all, permuted_over_images, varying_columns

# Beyond this float32 holds deviations with fewer than four digits.
_LARGEST_OFFSET = 1000


class IRSMetric(Metric[IRSConfig]):
    """Scores 1 for a code whose every dimension is a function of one factor; 0 without a dimension that varies.

    Factors of one class and constant dimensions are left out. Values: `value`, which disentanglement_lib calls `IRS`;
    `num_active_dims` and `active_dims`, the columns that took part; `dimension_scores` (K,) and `parents` (K,), the
    factor of each, 0 and None for a column that was left out; `irs_matrix`, K rows, columns named by `factors`;
    `max_deviations` (K,), by which dimensions are weighed. `chance` is the score of the same codes shuffled over the
    images.

    A column of classes deviates by the share of images of another class: see `deviations`.
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        samples = drawn_or_all(subject, seed, self.cfg.num_images)
        names, groups = self._groups(subject, samples.factors)
        active = np.flatnonzero(varies(samples.codes))
        dtype = samples.codes.dtype if self.cfg.precision == "codes" else np.float64
        codes = samples.codes[:, active].astype(dtype, order="C")
        code = [subject.code[j] for j in active]
        scale = max_deviations(codes, code)
        _warn_of_offsets(codes, scale)
        matrix = irs_matrix(codes, code, groups, scale, self.cfg.quantile)
        shuffled = permuted_over_images(np.random.default_rng(seed), groups, samples.images)
        unrelated = irs_matrix(codes, code, shuffled, scale, self.cfg.quantile)

        columns = len(subject.code)
        parent = dict(zip(active.tolist(), matrix.argmax(axis=1).tolist(), strict=True))
        values = {
            "value": weighted_score(matrix, scale),
            "IRS": weighted_score(matrix, scale),
            "num_active_dims": len(active),
            "active_dims": active.tolist(),
            "factors": names,
            "dimension_scores": _rows(matrix.max(axis=1), active, columns),
            "parents": [names[parent[j]] if j in parent else None for j in range(columns)],
            "irs_matrix": _rows(matrix, active, columns),
            "max_deviations": _rows(scale, active, columns),
        }
        return Scores(values, weighted_score(unrelated, scale), counts={"num_images": len(samples)})

    def _groups(self, subject: Subject, factors: np.ndarray) -> tuple[list[str], np.ndarray]:
        """The names of the factors that vary (F,), and the group each image is in by each of them (N, F)."""
        varying = varying_columns(factors)
        factors = factors[:, varying]
        if self.cfg.bins is not None:
            factors = discretise(factors, continuous(len(varying)), self.cfg.bins)
        return [subject.factors.names[factor] for factor in varying], factors


def _warn_of_offsets(codes: np.ndarray, scale: np.ndarray) -> None:
    """`DevalWarning` where float32 holds deviations `scale` (K,) from a far larger mean with few digits."""
    if codes.dtype == np.float32 and (np.abs(codes).max(axis=0, initial=0) > scale * _LARGEST_OFFSET).any():
        warn(
            "irs: codes whose mean is over 1,000 times their deviations lose digits in float32; centre them, or set "
            "precision=float64"
        )


def deviations(codes: np.ndarray, code: Sequence[CodeDimension], mean: np.ndarray) -> np.ndarray:
    """Codes (N, K) and the mean of each column (K,) -> how far each code is from it, (N, K).

    In a column of classes, the share of the N images that are of another class: half the L1 distance of the one-hot
    vector from the mean one, which for two classes is |z - mean| of 0 and 1.
    """
    result: np.ndarray = np.abs(codes - mean)
    for j, dimension in enumerate(code):
        if isinstance(dimension, Categorical):
            classes = codes[:, j].astype(np.int64)
            result[:, j] = 1 - np.bincount(classes)[classes] / len(classes)
    return result


def max_deviations(codes: np.ndarray, code: Sequence[CodeDimension]) -> np.ndarray:
    """Codes (N, K) -> (K,): the largest deviation of each column from its mean over all images."""
    # The reference sums this mean down a column and those of the groups row by row; in float32 the difference shows.
    mean = np.ascontiguousarray(codes.T).mean(axis=1)
    result: np.ndarray = deviations(codes, code, mean).max(axis=0)
    return result


def irs_matrix(
    codes: np.ndarray, code: Sequence[CodeDimension], groups: np.ndarray, scale: np.ndarray, quantile: float
) -> np.ndarray:
    """Codes (N, K), groups (N, F) and the largest deviations `scale` (K,) -> 1 - deviation left with a factor held.

    (K, F): for each factor the mean over its groups of the `quantile` of deviations from the group's mean, as a share
    of `scale`. Below 0 where a group deviates more than all images do.
    """
    columns = []
    for group in groups.T:
        order = np.argsort(group, kind="stable")
        starts = np.flatnonzero(np.diff(group[order])) + 1
        within = np.zeros(codes.shape[1])
        for images in np.split(codes[order], starts):
            left = deviations(images, code, images.mean(axis=0))
            within += left.max(axis=0) if quantile == 1 else np.percentile(left, quantile * 100, axis=0)
        columns.append(within / (len(starts) + 1))
    result: np.ndarray = 1 - np.stack(columns, axis=1) / scale[:, None]
    return result


def weighted_score(matrix: np.ndarray, scale: np.ndarray) -> float:
    """(K, F) and weights (K,) -> the weighted mean over dimensions of their best factor; 0 without any."""
    return float(np.average(matrix.max(axis=1), weights=scale)) if len(scale) else 0.0


def _rows(found: np.ndarray, active: np.ndarray, columns: int) -> list[object]:
    """Rows of the active dimensions among those of all, the others 0."""
    rows = np.zeros((columns, *found.shape[1:]))
    rows[active] = found
    result: list[object] = rows.tolist()
    return result
