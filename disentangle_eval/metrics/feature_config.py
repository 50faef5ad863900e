"""Settings that the metrics of sample quality share."""

from __future__ import annotations

from typing import Literal

from disentangle_eval.config import Field, MetricConfig


class FeatureConfig(MetricConfig):
    """Which images are compared, and through whose eyes."""

    features: str | None = Field(
        None, description="file of the feature extractor; without one, the Inception-v3 of torch-fidelity"
    )
    samples: int = Field(50_000, ge=2, description="generated images, and real ones where the data set has as many")
    inner_noise: Literal["drawn", "mean"] = Field(
        "drawn", description="noise inside the generator, behind its latent: drawn as in training, or at its mean"
    )
