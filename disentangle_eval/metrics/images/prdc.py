"""Precision and recall (Kynkäänniemi et al., 2019), density and coverage (Naeem et al., 2020) of generated images."""

from __future__ import annotations

import math

from disentangle_eval.api import Metric, Scores, Subject
from disentangle_eval.errors import UsageError
from disentangle_eval.metrics.images.config import PRDCConfig
from disentangle_eval.metrics.images.image_features import feature_pair, feature_seconds, image_counts
from disentangle_eval.metrics.images.neighbours import balls


class PRDCMetric(Metric[PRDCConfig]):
    """How many generated images look real and how much of the data is generated, counted in balls around features.

    A ball reaches from a feature to its k-th nearest neighbour in its own set. Values: `precision`, the share of
    generated images in a real image's ball; `recall`, the share of real images in a generated image's ball; `density`,
    in how many real balls a generated image is, over k, 1 or more where quality is good; `coverage`, the share of
    real balls that hold a generated image, the headline; `coverage_if_equal`, its mean for a generator whose images
    are distributed as the data; `extractor`, `extractor_sha256`, `resize` and `dims`; `num_real`,
    `num_generated`.
    """

    def seconds(self, subject: Subject, seed: int) -> float:
        return feature_seconds(subject, self.cfg, seed)

    def score(self, subject: Subject, seed: int) -> Scores:
        k = self.cfg.neighbours
        real, generated = image_counts(subject, self.cfg)
        if k >= min(real, generated):
            raise UsageError("neighbours", received=k, expected=f"fewer than the {min(real, generated)} images")
        pair = feature_pair(subject, self.cfg, seed)
        found = balls(pair.real, pair.generated, k, pair.device)
        return Scores(
            {
                "precision": float((found.generated_in_real > 0).double().mean()),
                "recall": float(found.real_in_generated.double().mean()),
                "density": float(found.generated_in_real.double().mean()) / k,
                "coverage": float(found.real_reached.double().mean()),
                "coverage_if_equal": coverage_if_equal(real, generated, k),
                **pair.about,
            },
            counts=pair.counts,
        )


def coverage_if_equal(real: int, generated: int, k: int) -> float:
    """The expected coverage where both sets come from one continuous distribution.

    A ball holds no generated image where the `k` nearest of the other `real` - 1 and the `generated` images are real.
    """
    return 1 - math.prod((real - 1 - j) / (real - 1 + generated - j) for j in range(k))
