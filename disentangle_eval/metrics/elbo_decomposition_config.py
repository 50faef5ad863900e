"""Settings of the decomposition of the ELBO, and the protocols it is reported under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from disentangle_eval.config import Field, MetricConfig, Values


class ELBODecompositionConfig(MetricConfig):
    """Settings of the decomposition of the ELBO.

    Protocols: `chen`, the authors' 10,000 samples (Chen et al., 2018); `quick`, ours for a CPU. In both q(z) is made of
    all images.
    """

    protocols: ClassVar[Mapping[str, Values]] = {"chen": {"samples": 10_000}, "quick": {"samples": 1_000}}

    samples: int = Field(10_000, ge=2, description="samples of q(z)")
    max_images: int | None = Field(
        None, ge=2, description="random images q(z) is made of, the samples' own among them; all unless given"
    )
