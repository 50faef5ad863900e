"""Settings of the reconstruction error, and the protocols it is reported under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from disentangle_eval.config import Field, MetricConfig, Values


class ReconstructionConfig(MetricConfig):
    """Settings of the reconstruction error. Protocols: `sample`, 10,000 random images; `full`, every image."""

    protocols: ClassVar[Mapping[str, Values]] = {"sample": {"images": 10_000}, "full": {"images": None}}

    images: int | None = Field(10_000, ge=2, description="different random images; every image unless given")
