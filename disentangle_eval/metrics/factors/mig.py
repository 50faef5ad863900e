"""The mutual information gap (Chen et al., 2018, "Isolating Sources of Disentanglement in Variational
Autoencoders", section 4).

How much more the best code dimension knows of a factor than the second best, relative to all there is to know.
"""

from __future__ import annotations

import numpy as np

from disentangle_eval.api import Metric, Scores, Subject
from disentangle_eval.metrics.factors.config import MIGConfig
from disentangle_eval.metrics.toolbox.columns import discretise
from disentangle_eval.metrics.toolbox.mutual_information import entropy, mutual_information
from disentangle_eval.metrics.toolbox.samples import draw_samples, varying_columns
from disentangle_eval.metrics.toolbox.statistics import gaps
from disentangle_eval.runtime.draws import stream_seed

_PERMUTATIONS = 10


class MIGMetric(Metric[MIGConfig]):
    """Scores 1 where every factor is known by one code dimension alone, and near 0 for a code that knows nothing.

    Real numbers enter as bins of a histogram, columns of classes as their classes. Factors that do not vary are left
    out; with a single code dimension the score is 0. Values: `value`, which disentanglement_lib calls `discrete_mig`;
    `gaps`, that of each factor, named in `factors`; `best_dims`, the code dimension that knows most of each;
    `mutual_information` (K rows, a column a factor) and `entropy`, that of each factor, both in nats.
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        (samples,) = draw_samples(subject, seed, self.cfg.num_train)
        varying = varying_columns(samples.factors)
        factors = samples.factors[:, varying]
        classes = discretise(samples.codes, subject.code, self.cfg.bins)
        information = mutual_information(classes, factors)
        entropies = entropy(factors)
        relative = gaps(information) / entropies
        values = {
            "value": float(relative.mean()),
            "discrete_mig": float(relative.mean()),
            "gaps": relative.tolist(),
            "factors": [subject.factors.names[factor] for factor in varying],
            "best_dims": information.argmax(axis=0).tolist(),
            "mutual_information": information.tolist(),
            "entropy": entropies.tolist(),
        }
        return Scores(values, chance(classes, factors, seed), counts={"num_train": len(samples)})


def chance(classes: np.ndarray, factors: np.ndarray, seed: int) -> float:
    """The mean gap between classes of a code (N, K) and factors (N, F) of other images, over ten permutations."""
    random = np.random.default_rng(stream_seed(seed, "chance"))
    permuted = [gaps(mutual_information(classes, random.permutation(factors))) for _ in range(_PERMUTATIONS)]
    return float(np.mean(permuted / entropy(factors)))
