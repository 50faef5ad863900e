"""The kernel inception distance (Bińkowski et al., 2018, "Demystifying MMD GANs")."""

from __future__ import annotations

import numpy as np

from disentangle_eval.api import Metric, Scores, Subject
from disentangle_eval.errors import UsageError
from disentangle_eval.metrics.images.config import KIDConfig
from disentangle_eval.metrics.images.fidelity_import import fidelity
from disentangle_eval.metrics.images.image_features import feature_pair, feature_seconds, image_counts
from disentangle_eval.runtime.draws import stream_seed

_LEGACY_SEEDS = 2**32


class KIDMetric(Metric[KIDConfig]):
    """The squared maximum mean discrepancy of the features under the kernel (x.y / D + 1)^3, averaged over subsets.

    Unbiased, so 0 on average for equal distributions and below 0 about half the time. Values: `value`; `std`, the
    standard deviation over subsets; `extractor`, `extractor_sha256`, `resize` and `dims`; `num_real`, `num_generated`.
    """

    def seconds(self, subject: Subject, seed: int) -> float:
        return feature_seconds(subject, self.cfg, seed)

    def score(self, subject: Subject, seed: int) -> Scores:
        cfg = self.cfg
        fewest = min(image_counts(subject, cfg))
        if fewest < cfg.subset_size:
            raise UsageError(
                "subset_size",
                received=cfg.subset_size,
                expected=f"at most {fewest}, the number of images",
                advice=f"--set subset_size={fewest}",
            )
        pair = feature_pair(subject, cfg, seed)
        distances = subset_distances(
            pair.real, pair.generated, cfg.subsets, cfg.subset_size, stream_seed(seed, "subsets") % _LEGACY_SEEDS
        )
        values = {"value": float(distances.mean()), "std": float(distances.std()), **pair.about}
        return Scores(values, counts=pair.counts)


def subset_distances(real: np.ndarray, generated: np.ndarray, subsets: int, size: int, seed: int) -> np.ndarray:
    """(subsets,) squared discrepancies of random subsets of features (N, D) and (M, D).

    The subsets and the estimator are torch-fidelity's; computed in float64, where it computes in float32.
    """
    discrepancy = fidelity("metric_kid").kernel_mmd
    random = np.random.RandomState(seed)
    distances = np.empty(subsets)
    for position in range(subsets):
        chosen = [features[random.choice(len(features), size, replace=False)] for features in (real, generated)]
        distances[position] = discrepancy(*(features.astype(np.float64) for features in chosen))
    return distances
