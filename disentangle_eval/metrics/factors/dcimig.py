"""DCIMIG, also 3CharM (Sepliarskaia, Kiseleva & de Rijke, 2019, "How to Not Measure Disentanglement", section 4).

Every code dimension has the factor with most information, and its gap to the second; a factor counts by its best
dimension.
"""

from __future__ import annotations

import numpy as np

from disentangle_eval.api import Metric, Scores, Subject
from disentangle_eval.metrics.factors.config import DCIMIGConfig
from disentangle_eval.metrics.toolbox.information_table import information_table
from disentangle_eval.metrics.toolbox.samples import draw_samples


class DCIMIGMetric(Metric[DCIMIGConfig]):
    """Scores 1 where every factor has a dimension that knows all of it and nothing of the others.

    A second dimension for a factor costs nothing. With a single factor a dimension's gap is all that it knows.
    Values: `value`; `gaps`, that of each dimension in nats, and `best_factors`, its factor;
    `factor_scores`, the share of each factor's entropy that its best dimension's gap is, named in `factors`;
    `mutual_information` (K rows, a column per factor) and `factor_entropy`, in nats.
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        (samples,) = draw_samples(subject, seed, self.cfg.num_train)
        table = information_table(subject, samples, seed, self.cfg.bins)
        best, gap = dimension_gaps(table.information)
        found = factor_gaps(table.information)
        total = table.factor_entropy.sum()
        values = {
            "value": float(found.sum() / total),
            "gaps": gap.tolist(),
            "best_factors": [table.names[factor] for factor in best],
            "factors": table.names,
            "factor_scores": (found / table.factor_entropy).tolist(),
            "mutual_information": table.information.tolist(),
            "factor_entropy": table.factor_entropy.tolist(),
        }
        chance = np.mean([factor_gaps(information).sum() / total for information in table.permuted])
        return Scores(values, float(chance), counts={"num_train": len(samples)})


def dimension_gaps(information: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mutual information (K, F) -> the factor each dimension knows most of, (K,), and its lead over the second, (K,).

    Of one factor alone, all that is known of it.
    """
    ascending = np.sort(information, axis=1)
    second = ascending[:, -2] if information.shape[1] > 1 else 0.0
    return information.argmax(axis=1), ascending[:, -1] - second


def factor_gaps(information: np.ndarray) -> np.ndarray:
    """Mutual information (K, F) -> the largest gap among the dimensions of each factor, (F,), 0 without one."""
    best, gap = dimension_gaps(information)
    found = np.zeros(information.shape[1])
    np.maximum.at(found, best, gap)
    return found
