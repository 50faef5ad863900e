"""Settings of the kernel inception distance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from disentangle_eval.config import Field, Values
from disentangle_eval.metrics.feature_config import FeatureConfig


class KIDConfig(FeatureConfig):
    """Settings of the kernel inception distance.

    The protocol `torch-fidelity` is that library's defaults: 100 subsets of 1,000 images, the cubic kernel
    (Bińkowski et al., 2018), here out of 50,000 images.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "torch-fidelity": {"samples": 50_000, "inner_noise": "drawn", "subsets": 100, "subset_size": 1_000}
    }

    subsets: int = Field(100, ge=1, description="subsets over which the distance is averaged")
    subset_size: int = Field(1_000, ge=2, description="images in a subset, without replacement")
