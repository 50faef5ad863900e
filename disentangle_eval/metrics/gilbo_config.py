"""Settings of GILBO, and the protocols it is reported under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from disentangle_eval.config import Field, MetricConfig, Values


class GILBOConfig(MetricConfig):
    """Settings of GILBO.

    Protocols: `official`, the code of the authors (Alemi & Fischer, 2018), many hours on a CPU; `light`, minutes
    on a CPU: a narrower encoder, trained briefly, hence a looser lower bound.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "official": {
            "width": 64,
            "learning_rate": 4e-4,
            "steps_per_cycle": 10_000,
            "max_cycles": 50,
            "evaluation_samples": 640_000,
        },
        "light": {
            "width": 16,
            "learning_rate": 1e-3,
            "steps_per_cycle": 500,
            "max_cycles": 6,
            "evaluation_samples": 10_000,
        },
    }

    width: int = Field(64, ge=1, description="channels of the encoder's first convolution; other layers scale with it")
    batch_size: int = Field(64, ge=1, description="generated images in a step of training")
    learning_rate: float = Field(4e-4, gt=0, description="learning rate of the encoder in the first cycle (Adam)")
    steps_per_cycle: int = Field(10_000, ge=1, description="steps between two decisions on the learning rate")
    max_cycles: int = Field(50, ge=1, description="cycles after which training ends, whatever the learning rate")
    evaluation_samples: int = Field(640_000, ge=2, description="fresh images the bound is evaluated on")
    parts: int | None = Field(
        None, ge=1, description="read only the first parts of the input, such as codes and not noise; all unless given"
    )
