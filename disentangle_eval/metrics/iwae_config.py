"""Settings of the importance-weighted bound, and the protocols it is reported under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from disentangle_eval.config import Field, MetricConfig, Values


class IWAEConfig(MetricConfig):
    """Settings of the importance-weighted bound.

    Protocols: `kim-mnih`, 5,000 particles for every image of the data set (Kim & Mnih, 2018, appendix E); `sample`, the
    same for 500 random images, ours for a CPU.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "kim-mnih": {"particles": 5_000, "max_images": None},
        "sample": {"particles": 5_000, "max_images": 500},
    }

    particles: int = Field(5_000, ge=1, description="samples of q(z|x) an image")
    max_images: int | None = Field(None, ge=2, description="random images the bound is taken over; all unless given")
