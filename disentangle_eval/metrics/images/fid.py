"""The Fréchet inception distance (Heusel et al., 2017, "GANs Trained by a Two Time-Scale Update Rule")."""

from __future__ import annotations

import numpy as np
import torch

from disentangle_eval.api import Metric, Scores, Subject
from disentangle_eval.metrics.images.config import FIDConfig
from disentangle_eval.metrics.images.frechet import (
    FrechetDistance,
    Gaussian,
    distance_between_gaussians,
    distance_between_samples,
    fit,
)
from disentangle_eval.metrics.images.image_features import FeaturePair, feature_pair, feature_seconds


class FIDMetric(Metric[FIDConfig]):
    """How far generated images are from real ones: the Fréchet distance between their features. 0 for equal sets.

    Values: `value`, the sum of `mean_term` and `covariance_term`; `root`, how the root of the covariances' product was
    taken; `extractor`, `extractor_sha256`, `resize` and `dims`; `num_real` and `num_generated`, on which the
    bias depends.
    """

    def seconds(self, subject: Subject, seed: int) -> float:
        return feature_seconds(subject, self.cfg, seed)

    def score(self, subject: Subject, seed: int) -> Scores:
        pair = feature_pair(subject, self.cfg, seed)
        found = distance(pair)
        return Scores(
            {
                "value": found.value,
                "mean_term": found.mean_term,
                "covariance_term": found.covariance_term,
                "root": found.root,
                **pair.about,
            },
            counts=pair.counts,
        )


def distance(pair: FeaturePair) -> FrechetDistance:
    """The Fréchet distance between the two sets; the real one's covariance is kept with its features."""
    if max(len(pair.real), len(pair.generated)) <= pair.real.shape[1]:
        return distance_between_samples(pair.real, pair.generated, pair.device)
    return distance_between_gaussians(_real_gaussian(pair), fit(pair.generated, pair.device))


def _real_gaussian(pair: FeaturePair) -> Gaussian:
    def make() -> np.ndarray:
        fitted = fit(pair.real, pair.device)
        return torch.vstack([fitted.mean, fitted.covariance]).cpu().numpy()

    kept = torch.as_tensor(pair.derived("mean and covariance", make), device=pair.device)
    return Gaussian(len(pair.real), kept[0], kept[1:])
