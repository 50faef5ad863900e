"""Settings of precision, recall, density and coverage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from disentangle_eval.config import Field, Values
from disentangle_eval.metrics.feature_config import FeatureConfig


class PRDCConfig(FeatureConfig):
    """Settings of precision, recall, density and coverage.

    Protocols: `naeem`, 10,000 images and 5 neighbours (Naeem et al., 2020); `kynkaanniemi`, 50,000 images and 3
    neighbours (Kynkäänniemi et al., 2019). Both papers look through VGG-16; here it is Inception-v3 unless `features`
    names another.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "naeem": {"samples": 10_000, "inner_noise": "drawn", "neighbours": 5},
        "kynkaanniemi": {"samples": 50_000, "inner_noise": "drawn", "neighbours": 3},
    }

    samples: int = Field(10_000, ge=2, description="generated images, and real ones where the data set has as many")
    neighbours: int = Field(5, ge=1, description="k: a ball reaches to the k-th nearest other image of its own set")
