"""RMIG, the robust mutual information gap (Do & Tran, 2020, "Theory and Evaluation Metrics for Learning Disentangled
Representations", section 4.3).

The mutual information gap of what the posterior says of every image, in bins of fixed places, instead of its mean.
"""

from __future__ import annotations

import numpy as np

from disentangle_eval.api import Metric, Scores, Subject
from disentangle_eval.metrics.factors.config import RMIGConfig
from disentangle_eval.metrics.toolbox.posterior_bins import code_deviations, posterior_information_table
from disentangle_eval.metrics.toolbox.samples import draw_images, samples_of
from disentangle_eval.metrics.toolbox.statistics import gaps


class RMIGMetric(Metric[RMIGConfig]):
    """Scores 1 where every factor is known by one code dimension alone, and near 0 for an uninformative code.

    Factors that do not vary are left out; with a single code dimension the score is 0. Values: `value`; `gaps`, that
    of each factor relative to its entropy, named in `factors`; `best_dims`, the code dimension that knows most of each;
    `posterior`, whether the spread of a posterior took part; `mutual_information` (K rows, a column per factor),
    `factor_entropy` and `code_entropy`, in nats.
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        cfg = self.cfg
        (index,) = draw_images(subject, seed, cfg.num_train)
        samples = samples_of(subject, index)
        deviations = code_deviations(subject, index)
        table = posterior_information_table(subject, samples, deviations, seed, cfg.bins, cfg.limit)
        relative = gaps(table.information) / table.factor_entropy
        values = {
            "value": float(relative.mean()),
            "gaps": relative.tolist(),
            "factors": table.names,
            "best_dims": table.information.argmax(axis=0).tolist(),
            "posterior": deviations is not None,
            "mutual_information": table.information.tolist(),
            "factor_entropy": table.factor_entropy.tolist(),
            "code_entropy": table.code_entropy.tolist(),
        }
        permuted = [gaps(information) / table.factor_entropy for information in table.permuted]
        return Scores(values, float(np.mean(permuted)), counts={"num_train": len(index)})
