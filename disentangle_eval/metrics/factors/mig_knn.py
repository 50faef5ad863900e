"""The mutual information gap without bins: information from the distances of nearest neighbours (Ross, 2014, "Mutual
Information between Discrete and Continuous Data Sets"; Kraskov, Stögbauer & Grassberger, 2004, "Estimating Mutual
Information").
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from disentangle_eval.api import Metric, Scores, Subject
from disentangle_eval.errors import UsageError
from disentangle_eval.latents import CodeDimension, is_categorical
from disentangle_eval.metrics.factors.config import MIGKNNConfig
from disentangle_eval.metrics.toolbox.columns import varies
from disentangle_eval.metrics.toolbox.mutual_information import entropy, mutual_information
from disentangle_eval.metrics.toolbox.neighbour_information import information_on_classes, information_on_values
from disentangle_eval.metrics.toolbox.samples import (
    draw_different_images,
    factor_values,
    permutations_of,
    varying_columns,
)
from disentangle_eval.metrics.toolbox.statistics import gaps
from disentangle_eval.runtime.draws import stream_seed


class MIGKNNMetric(Metric[MIGKNNConfig]):
    """How much more the best code dimension knows of a factor than the second best.

    Of factors as classes, the gap relative to the factor's entropy, 1 where one dimension alone knows it. Of factors as
    real numbers, which have no entropy to compare with, the gap in nats, without an upper bound. A column of classes
    enters as its classes. Factors that do not vary are left out; with a single code dimension the score is 0. Values:
    `value`; `gaps`, that of each factor, named in `factors`; `best_dims`, the code dimension that knows most of each;
    `mutual_information` in nats (K rows, a column per factor); `entropy` of each factor in nats, None of real numbers.
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        cfg = self.cfg
        index = draw_different_images(subject, seed, cfg.num_train)
        classes = subject.factors.classes(index)
        varying = varying_columns(classes)
        codes = subject.codes(index)
        varies(codes)  # raises for numbers too large to measure distances of
        if len(codes) <= cfg.neighbours:
            raise UsageError("images", received=len(codes), expected=f"more than the {cfg.neighbours} neighbours")
        noise = stream_seed(seed, "neighbours")
        if cfg.factors == "classes":
            factors, entropies = classes[:, varying], entropy(classes[:, varying])
        else:
            factors, entropies = factor_values(subject.factors, index)[:, varying], None

        def informed(columns: np.ndarray) -> np.ndarray:
            if cfg.factors == "classes":
                return class_information(codes, subject.code, columns, cfg.neighbours, noise)
            return value_information(codes, subject.code, columns, cfg.neighbours, noise)

        information = informed(factors)
        unit = 1.0 if entropies is None else entropies
        lead = gaps(information) / unit
        values = {
            "value": float(lead.mean()),
            "gaps": lead.tolist(),
            "factors": [subject.factors.names[factor] for factor in varying],
            "best_dims": information.argmax(axis=0).tolist(),
            "mutual_information": information.tolist(),
            "entropy": None if entropies is None else entropies.tolist(),
        }
        permuted = [gaps(informed(shuffled)) / unit for shuffled in permutations_of(factors, index, seed)]
        return Scores(values, float(np.mean(permuted)), counts={"num_train": len(index)})


def class_information(
    codes: np.ndarray, code: Sequence[CodeDimension], classes: np.ndarray, neighbours: int, seed: int
) -> np.ndarray:
    """Codes (N, K) and factor classes (N, F) -> mutual information (K, F) in nats: by neighbours, or by counts.

    Exactly 0 for a constant dimension.
    """
    information = np.zeros((codes.shape[1], classes.shape[1]))
    real, counted = column_kinds(codes, code)
    if real.size:
        information[real] = information_on_classes(codes[:, real], classes, neighbours, seed)
    if counted.size:
        information[counted] = mutual_information(codes[:, counted].astype(np.int64), classes)
    return information


def value_information(
    codes: np.ndarray, code: Sequence[CodeDimension], values: np.ndarray, neighbours: int, seed: int
) -> np.ndarray:
    """Codes (N, K) and factor values (N, F) -> mutual information (K, F) in nats, by neighbours.

    Exactly 0 for a constant dimension.
    """
    information = np.zeros((codes.shape[1], values.shape[1]))
    real, counted = column_kinds(codes, code)
    if real.size:
        information[real] = information_on_values(codes[:, real], values, neighbours, seed)
    if counted.size:
        information[counted] = information_on_classes(values, codes[:, counted].astype(np.int64), neighbours, seed).T
    return information


def column_kinds(codes: np.ndarray, code: Sequence[CodeDimension]) -> tuple[np.ndarray, np.ndarray]:
    """The columns of codes (N, K) that hold real numbers and those that hold classes, without the constant ones."""
    varied = codes.min(axis=0) < codes.max(axis=0)
    counted = np.array(is_categorical(code), dtype=bool)
    return np.flatnonzero(varied & ~counted), np.flatnonzero(varied & counted)
