"""MIG-sup, the gap from the side of the code (Li, Murkute, Gyawali & Wang, 2020, "Progressive Learning and
Disentanglement of Hierarchical Representations", section 4).

How much more a code dimension knows of its best factor than of the second best.
"""

from __future__ import annotations

import numpy as np

from disentangle_eval.api import Metric, Scores, Subject
from disentangle_eval.metrics.factors.config import MIGSupConfig
from disentangle_eval.metrics.toolbox.columns import variances, varies
from disentangle_eval.metrics.toolbox.information_table import InformationTable, information_table
from disentangle_eval.metrics.toolbox.samples import draw_samples
from disentangle_eval.metrics.toolbox.statistics import gaps


class MIGSupMetric(Metric[MIGSupConfig]):
    """Scores 1 where every code dimension that takes part knows all of one factor and nothing of the others.

    Dimensions whose variance, Gini's of a column of classes, is at most the threshold are left out; without any other
    the score is 0. With a single factor it is 0: nothing is ahead of anything. Values: `value`; `gaps`, that of each
    dimension of `active_dims`; `best_factors`, the factor each knows most of; `factors`, their names;
    `mutual_information` (K rows, a column per factor), `factor_entropy` and `code_entropy`, in nats.
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        (samples,) = draw_samples(subject, seed, self.cfg.num_train)
        table = information_table(subject, samples, seed, self.cfg.bins)
        active = np.flatnonzero(varies(samples.codes))
        if self.cfg.threshold is not None:
            active = active[variances(samples.codes, subject.code)[active] > self.cfg.threshold]
        norm = self._norm(table)
        relative = gaps((table.information / norm)[active].T)
        permuted = [gaps((information / norm)[active].T) for information in table.permuted]
        values = {
            "value": float(relative.mean()) if active.size else 0.0,
            "gaps": relative.tolist(),
            "active_dims": active.tolist(),
            "factors": table.names,
            "best_factors": [table.names[factor] for factor in (table.information / norm)[active].argmax(axis=1)],
            "mutual_information": table.information.tolist(),
            "factor_entropy": table.factor_entropy.tolist(),
            "code_entropy": table.code_entropy.tolist(),
        }
        chance = float(np.mean(permuted)) if active.size else 0.0
        return Scores(values, chance, counts={"num_train": len(samples)})

    def _norm(self, table: InformationTable) -> np.ndarray:
        """What the information (K, F) is divided by: (F,) or (K, 1), above 0."""
        if self.cfg.relative_to == "factor":
            return table.factor_entropy
        return np.where(table.code_entropy > 0, table.code_entropy, 1.0)[:, None]
