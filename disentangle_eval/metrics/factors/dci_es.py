"""DCI-ES: DCI, explicitness by the capacity a probe needs, and size (Eastwood, Nicolicioiu, von Kügelgen et al.,
2023, "DCI-ES: An Extended Disentanglement Framework with Connections to Identifiability", section 3).

Random forests of growing depth predict each factor from the code. An explicit code needs no deep ones.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from disentangle_eval.api import Metric, Scores, Subject
from disentangle_eval.errors import UsageError
from disentangle_eval.metrics.factors.config import DCIESConfig
from disentangle_eval.metrics.factors.dci import purity, shares
from disentangle_eval.metrics.toolbox.columns import in_usual_units, one_hot_blocks, sums_by_block
from disentangle_eval.metrics.toolbox.forests import fit_forest
from disentangle_eval.metrics.toolbox.samples import FEW_IN_BOTH, draw_images, factor_values, varying_columns
from disentangle_eval.runtime.draws import stream_seed
from disentangle_eval.runtime.progress import counted


class Probe(NamedTuple):
    """The loss of a forest on fresh images, and how much it relies on each column of its input."""

    loss: float
    importance: np.ndarray


class DCIESMetric(Metric[DCIESConfig]):
    """E, the headline, is 1 where the shallowest forests predict as well as any, whatever that is; chance is 1, and
    unknown where more than a twentieth of the fresh images are among the training images.

    Read it next to the informativeness. Factors named in `categorical` are predicted as classes, all others as real
    numbers; those that do not vary are left out. A column of classes enters as one-hot columns. Values: `value` and
    `explicitness`, the same; `size`, factors per code dimension; `disentanglement`, `completeness` and
    `informativeness`, the mean accuracy or R squared on fresh images, of the forests of `best_depth`, whose
    informativeness is largest; `factor_explicitness` of each factor, named in `factors`; `losses` (a row per factor, a
    column per depth), 1 less the accuracy or R squared; `depths`; `importance` at `best_depth` (K rows, a column per
    factor).
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        cfg = self.cfg
        train, test = draw_images(subject, seed, cfg.num_train, cfg.num_test)
        varying = varying_columns(*(subject.factors.classes(index) for index in (train, test)))
        names = [subject.factors.names[factor] for factor in varying]
        blocks, blocks_test = (one_hot_blocks(subject.codes(index), subject.code) for index in (train, test))
        x, x_test = in_usual_units(np.hstack(blocks), np.hstack(blocks_test))
        images = np.concatenate([train, test])
        classes, values = subject.factors.classes(images), factor_values(subject.factors, images)
        probes, baselines = [], []
        named = zip(varying, names, strict=True)
        for factor, name in counted(named, "dci-es, forests by factor", len(varying)):
            as_class = name in cfg.categorical
            y, y_test = np.split((classes if as_class else values)[:, factor], [len(train)])
            forest_seed = stream_seed(seed, "forests", int(factor)) % 2**32
            forests = [fit_forest(self._forest(as_class, depth, forest_seed), x, y) for depth in cfg.depths]
            probes.append([Probe(1 - forest.score(x_test, y_test), forest.feature_importances_) for forest in forests])
            baselines.append(1 - 1 / len(np.unique(y)) if as_class else 1.0)
        losses = np.array([[probe.loss for probe in row] for row in probes])
        explicitnesses = [
            explicitness(np.array(cfg.depths), row, baseline) for row, baseline in zip(losses, baselines, strict=True)
        ]
        informativeness = 1 - losses.mean(axis=0)
        best = int(informativeness.argmax())
        importance = np.stack([sums_by_block(row[best].importance, blocks) for row in probes], axis=1)
        scores = {
            "value": float(np.mean(explicitnesses)),
            "explicitness": float(np.mean(explicitnesses)),
            "size": len(varying) / len(subject.code),
            "disentanglement": float(purity(importance) @ shares(importance.sum(axis=1))),
            "completeness": float(purity(importance.T) @ shares(importance.sum(axis=0))),
            "informativeness": float(informativeness[best]),
            "best_depth": cfg.depths[best],
            "factors": names,
            "factor_explicitness": explicitnesses,
            "losses": losses.tolist(),
            "depths": list(cfg.depths),
            "importance": importance.tolist(),
        }
        # Nothing is learnt from an uninformative code at any depth, so its curve is flat and nothing is above it. But
        # deep forests remember training images that are among the fresh ones.
        chance = 1.0 if np.isin(test, train).mean() <= FEW_IN_BOTH else None
        return Scores(scores, chance=chance, counts={"num_train": len(train), "num_test": len(test)})

    def _forest(self, as_class: bool, depth: int, seed: int) -> RandomForestClassifier | RandomForestRegressor:
        kind = RandomForestClassifier if as_class else RandomForestRegressor
        return kind(n_estimators=self.cfg.trees, max_depth=depth, random_state=seed)


def explicitness(capacities: np.ndarray, losses: np.ndarray, baseline: float) -> float:
    """1 less twice the area between a curve of losses and its least value, over capacities times the baseline's loss.

    `capacities` (P,) ascend, `losses` (P,) are those of the probes; the curve is the least loss up to each capacity.
    Equation 3.1 of the paper with a least possible loss of 0: 1 for a flat curve, 0 for one that falls on a line from
    the baseline to 0.
    """
    if len(capacities) < 2:
        raise UsageError("depths", received=capacities.tolist(), expected="two capacities or more")
    curve = np.minimum.accumulate(losses) - losses.min()
    area = ((curve[1:] + curve[:-1]) / 2 * np.diff(capacities)).sum()
    return float(1 - 2 * area / ((capacities[-1] - capacities[0]) * baseline))
