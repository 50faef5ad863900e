"""The mutual information gap (Chen et al., 2018, "Isolating Sources of Disentanglement in Variational
Autoencoders", section 4).

How much more the best code dimension knows of a factor than the second best, relative to all there is to know.
"""

from __future__ import annotations

import numpy as np

from disentangle_eval.api import Metric, Scores, Subject
from disentangle_eval.metrics.factors.config import MIGConfig
from disentangle_eval.metrics.toolbox.information_table import information_table
from disentangle_eval.metrics.toolbox.samples import draw_samples
from disentangle_eval.metrics.toolbox.statistics import gaps


class MIGMetric(Metric[MIGConfig]):
    """Scores 1 where every factor is known by one code dimension alone, and near 0 for a code that knows nothing.

    Real numbers enter as bins of a histogram, columns of classes as their classes. Factors that do not vary are left
    out; with a single code dimension the score is 0. Values: `value`, which disentanglement_lib calls `discrete_mig`;
    `gaps`, that of each factor, named in `factors`; `best_dims`, the code dimension that knows most of each;
    `mutual_information` (K rows, a column a factor) and `entropy`, that of each factor, both in nats.
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        (samples,) = draw_samples(subject, seed, self.cfg.num_train)
        table = information_table(subject, samples, seed, self.cfg.bins)
        relative = gaps(table.information) / table.factor_entropy
        values = {
            "value": float(relative.mean()),
            "discrete_mig": float(relative.mean()),
            "gaps": relative.tolist(),
            "factors": table.names,
            "best_dims": table.information.argmax(axis=0).tolist(),
            "mutual_information": table.information.tolist(),
            "entropy": table.factor_entropy.tolist(),
        }
        chance = np.mean([gaps(information) for information in table.permuted] / table.factor_entropy)
        return Scores(values, float(chance), counts={"num_train": len(samples)})
