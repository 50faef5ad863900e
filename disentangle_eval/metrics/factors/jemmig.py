"""JEMMIG, the joint entropy minus the mutual information gap (Do & Tran, 2020, "Theory and Evaluation Metrics for
Learning Disentangled Representations", section 4.3).

How little the best code dimension of a factor says beyond the factor, and how little the second best says of it.
"""

from __future__ import annotations

import numpy as np

from disentangle_eval.api import Metric, Scores, Subject
from disentangle_eval.latents import Categorical
from disentangle_eval.metrics.factors.config import JEMMIGConfig
from disentangle_eval.metrics.toolbox.information_table import InformationTable, information_table
from disentangle_eval.metrics.toolbox.posterior_bins import code_deviations, posterior_information_table
from disentangle_eval.metrics.toolbox.samples import draw_images, samples_of


class JEMMIGMetric(Metric[JEMMIGConfig]):
    """Scores 1 where the best dimension of every factor is a function of it and back, and no other knows of it.

    The score is 1 less the normalised JEMMIG, so that higher is better. A single code dimension has no second. Factors
    that do not vary are left out. Values: `value`; `normalised_jemmig`, that of each factor, 0 to 1, less is better,
    and `jemmig`, the same in nats, named in `factors`; `best_dims`, the code dimension that knows most of each;
    `posterior`, whether the spread of a posterior took part; `mutual_information` and `joint_entropy` (K rows, a
    column per factor), `factor_entropy` and `code_entropy`, in nats.
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        table, spread = self._table(subject, seed)
        classes = [one.classes if isinstance(one, Categorical) else self.cfg.bins for one in subject.code]
        most = np.log(classes)
        found, best = jemmig(table, table.information)
        normalised = found / (table.factor_entropy + most[best])
        values = {
            "value": float(1 - normalised.mean()),
            "normalised_jemmig": normalised.tolist(),
            "jemmig": found.tolist(),
            "factors": table.names,
            "best_dims": best.tolist(),
            "posterior": spread,
            "mutual_information": table.information.tolist(),
            "joint_entropy": table.joint_entropy.tolist(),
            "factor_entropy": table.factor_entropy.tolist(),
            "code_entropy": table.code_entropy.tolist(),
        }
        permuted = []
        for information in table.permuted:
            nats, chosen = jemmig(table, information)
            permuted.append(1 - nats / (table.factor_entropy + most[chosen]))
        return Scores(values, float(np.mean(permuted)), counts={"num_train": len(table.factors)})

    def _table(self, subject: Subject, seed: int) -> tuple[InformationTable, bool]:
        """The information table, and whether the spread of a posterior took part in it."""
        cfg = self.cfg
        (index,) = draw_images(subject, seed, cfg.num_train)
        samples = samples_of(subject, index)
        if cfg.limit is None:
            return information_table(subject, samples, seed, cfg.bins), False
        deviations = code_deviations(subject, index)
        table = posterior_information_table(subject, samples, deviations, seed, cfg.bins, cfg.limit)
        return table, deviations is not None


def jemmig(table: InformationTable, information: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """H(z*, y) - I(z*, y) + I(z', y) of each factor y, (F,) in nats, and z*, the dimension that knows most, (F,).

    z' is the second best. The entropies are the table's, the `information` (K, F) its own or that of permuted factors.
    """
    best = information.argmax(axis=0)
    ascending = np.sort(information, axis=0)
    second = ascending[-2] if len(information) > 1 else np.zeros(information.shape[1])
    joint = table.code_entropy[best] + table.factor_entropy - ascending[-1]
    found: np.ndarray = joint - ascending[-1] + second
    return found, best
