"""The mutual information gap (Chen et al., 2018, "Isolating Sources of Disentanglement in Variational
Autoencoders", section 4).

How much more the best code dimension knows of a factor than the second best, relative to all there is to know.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from disentangle_eval.api import Metric, Scores, Subject
from disentangle_eval.latents import is_categorical
from disentangle_eval.metrics.factors.config import MIGConfig
from disentangle_eval.metrics.toolbox.information_table import information_table
from disentangle_eval.metrics.toolbox.mutual_information import entropy, mutual_information
from disentangle_eval.metrics.toolbox.samples import drawn_or_all, permutations_of, random_images, varying_columns
from disentangle_eval.metrics.toolbox.statistics import gaps

# Samples of the posterior from which its chance is estimated.
CHANCE_SAMPLES = 1_000


class MIGMetric(Metric[MIGConfig]):
    """Scores 1 where every factor is known by one code dimension alone, and near 0 for an uninformative code.

    By histogram real numbers enter as bins, columns of classes as their classes; by the posterior, samples of it with
    their densities over images, and a table of codes needs `log_variance`. Factors that do not vary are left out; with
    a single code dimension the score is 0. Values: `value`, which by histogram disentanglement_lib calls
    `discrete_mig`; `gaps`, that of each factor, named in `factors`; `best_dims`, the code dimension that knows most of
    each; `mutual_information` (K rows, a column per factor) and `entropy`, that of each factor, both in nats.
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        if self.cfg.estimator == "posterior":
            return self._of_posteriors(subject, seed)
        samples = drawn_or_all(subject, seed, self.cfg.num_train)
        table = information_table(subject, samples, seed, self.cfg.bins)
        relative = gaps(table.information) / table.factor_entropy
        chance = np.mean([gaps(information) for information in table.permuted] / table.factor_entropy)
        values = {
            "discrete_mig": float(relative.mean()),
            **_values(table.information, table.factor_entropy, table.names),
        }
        return Scores(values, float(chance), counts={"num_train": len(samples)})

    def _of_posteriors(self, subject: Subject, seed: int) -> Scores:
        # Only posteriors need torch.
        from disentangle_eval.metrics.toolbox.posterior_information import posterior_information, posteriors_of

        index = random_images(len(subject.factors), self.cfg.num_train, seed)
        classes = subject.factors.classes(index)
        varying = varying_columns(classes)
        factors, names = classes[:, varying], [subject.factors.names[factor] for factor in varying]
        posteriors, entropies = posteriors_of(subject, index), entropy(factors)
        # Of a table; the posterior of a model may be over other dimensions than its code.
        columns = [] if "images" in subject.offered else is_categorical(subject.code)
        counted = np.flatnonzero(columns)
        codes = subject.codes(index)[:, counted].astype(np.int64)

        def informed(classes: np.ndarray, samples: int) -> np.ndarray:
            found = posterior_information(posteriors, classes, samples, seed)
            if counted.size:
                found[counted] = mutual_information(codes, classes)
            return found

        information = informed(factors, self.cfg.num_samples)
        permuted = next(permutations_of(factors, index, seed))
        unrelated = informed(permuted, min(self.cfg.num_samples, CHANCE_SAMPLES))
        counts = {"num_train": len(index), "num_samples": self.cfg.num_samples}
        return Scores(_values(information, entropies, names), float(np.mean(gaps(unrelated) / entropies)), counts)


def _values(information: np.ndarray, entropies: np.ndarray, names: list[str]) -> dict[str, Any]:
    """Information (K, F) and entropies (F,) of the factors of some names -> what a result holds."""
    relative = gaps(information) / entropies
    return {
        "value": float(relative.mean()),
        "gaps": relative.tolist(),
        "factors": names,
        "best_dims": information.argmax(axis=0).tolist(),
        "mutual_information": information.tolist(),
        "entropy": entropies.tolist(),
    }
