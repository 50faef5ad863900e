"""Settings of the bounds on a generator's information, and the protocols they are reported under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from disentangle_eval.config import Field, MetricConfig, Values


class MIBoundsConfig(MetricConfig):
    """Settings of the bounds.

    Protocols: `ib-gan`, as the authors watch them during training (Jeon et al., 2021): the lower bound is of images
    under the noise that the last iteration of training added; `noise-free`, of the images as they are, which compares
    checkpoints of a run.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "ib-gan": {"samples": 10_000, "noise": "training"},
        "noise-free": {"samples": 10_000, "noise": "none"},
    }

    samples: int = Field(10_000, ge=2, description="inputs drawn from the prior")
    noise: Literal["training", "none"] = Field(
        "training",
        description="noise on the images whose lower bound is the score: that of the last iteration, or none",
    )
