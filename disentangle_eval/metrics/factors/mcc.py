"""MCC, the mean correlation coefficient under the best assignment (Hyvärinen & Morioka, 2016, "Unsupervised Feature
Extraction by Time-Contrastive Learning and Nonlinear ICA", section 6).

Is every factor one code dimension, up to order, sign and scale?
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.stats import rankdata

from disentangle_eval.api import Metric, Scores, Subject
from disentangle_eval.latents import Categorical, CodeDimension, is_categorical
from disentangle_eval.metrics.factors.config import MCCConfig
from disentangle_eval.metrics.toolbox.samples import draw_images, factor_values, permutations_of, varying_columns


class MCCMetric(Metric[MCCConfig]):
    """The mean over factors of the absolute correlation with a dimension of its own, chosen so that the sum is largest.

    A factor without a dimension, where there are fewer of these, counts 0, and so does a constant dimension. Of a
    column of classes the correlation is that with the mean of the factor in each class. Factors that do not vary are
    left out. Values: `value`; `correlations`, that of each factor, named in `factors`; `assigned_dims`, the dimension
    of each, or None; `correlation_matrix`, absolute values (K rows, a column per factor).
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        (index,) = draw_images(subject, seed, self.cfg.num_train)
        varying = varying_columns(subject.factors.classes(index))
        factors = factor_values(subject.factors, index)[:, varying]
        codes = subject.codes(index)
        if self.cfg.correlation == "spearman":
            factors = rankdata(factors, axis=0)
            codes = _ranked(codes, subject.code)
        matrix = absolute_correlations(codes, subject.code, factors)
        assigned = best_assignment(matrix)
        found = [0.0 if j is None else float(matrix[j, factor]) for factor, j in enumerate(assigned)]
        values = {
            "value": float(np.mean(found)),
            "correlations": found,
            "factors": [subject.factors.names[factor] for factor in varying],
            "assigned_dims": assigned,
            "correlation_matrix": matrix.tolist(),
        }
        permuted = []
        for shuffled in permutations_of(factors, index, seed):
            chance = absolute_correlations(codes, subject.code, shuffled)
            permuted.append(chance[linear_sum_assignment(chance, maximize=True)].sum() / chance.shape[1])
        return Scores(values, float(np.mean(permuted)), counts={"num_train": len(index)})


def absolute_correlations(codes: np.ndarray, code: Sequence[CodeDimension], factors: np.ndarray) -> np.ndarray:
    """Codes (N, K) and factors (N, F), none constant -> |correlation| of each pair, (K, F); 0 for a constant column."""
    unit_factors = _units(factors)
    rows = []
    for j, dimension in enumerate(code):
        if isinstance(dimension, Categorical):
            rows.append(_between_classes(codes[:, j].astype(np.int64), unit_factors))
        else:
            rows.append(np.abs(_units(codes[:, j : j + 1]).T @ unit_factors)[0])
    result: np.ndarray = np.stack(rows).clip(0, 1)
    return result


def best_assignment(matrix: np.ndarray) -> list[int | None]:
    """Scores (K, F) -> for each factor a row of its own, so that the scores' sum is largest; None for want of rows."""
    assigned: list[int | None] = [None] * matrix.shape[1]
    for row, factor in zip(*linear_sum_assignment(matrix, maximize=True), strict=True):
        assigned[factor] = int(row)
    return assigned


def _ranked(codes: np.ndarray, code: Sequence[CodeDimension]) -> np.ndarray:
    """Codes (N, K) with the ranks of real numbers, equal ones sharing their mean, float64; classes stay classes."""
    ranks: np.ndarray = rankdata(codes, axis=0)
    counted = np.array(is_categorical(code))
    ranks[:, counted] = codes[:, counted]
    return ranks


def _units(columns: np.ndarray) -> np.ndarray:
    """Columns (N, C) centred and of length 1, float64; zeros for a constant one."""
    columns = columns.astype(np.float64)
    varied = columns.min(axis=0) < columns.max(axis=0)
    # Numbers of any size are squared without overflow once their largest is 1.
    largest = np.abs(columns).max(axis=0)
    columns = columns / np.where(largest > 0, largest, 1.0)
    centred = columns - columns.mean(axis=0)
    length = np.sqrt(np.square(centred).sum(axis=0))
    kept = varied & (length > 0)
    units: np.ndarray = np.where(kept, centred / np.where(kept, length, 1.0), 0.0)
    return units


def _between_classes(classes: np.ndarray, unit_factors: np.ndarray) -> np.ndarray:
    """Classes (N,) and factors (N, F), centred and of length 1 -> how long the projections on the classes are, (F,)."""
    counts = np.bincount(classes)
    sums = np.stack([np.bincount(classes, weights=column) for column in unit_factors.T], axis=1)
    lengths: np.ndarray = np.sqrt((np.square(sums[counts > 0]) / counts[counts > 0, None]).sum(axis=0))
    return lengths
