"""Settings of the interventional robustness score, and the protocols it is reported under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from disentangle_eval.config import Field, MetricConfig, Values


class IRSConfig(MetricConfig):
    """Settings of the interventional robustness score.

    Protocols: `dlib`, disentanglement_lib number for number (10,000 random images, the 99th percentile of deviations,
    factors in at most 20 classes); `suter`, the paper's supremum (Suter et al., 2019) over all images and the factors'
    own classes.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "dlib": {"samples": 10_000, "quantile": 0.99, "bins": 20, "precision": "codes"},
        "suter": {"samples": None, "quantile": 1.0, "bins": None, "precision": "float64"},
    }

    samples: int | None = Field(10_000, ge=2, description="random images; every image unless given")
    quantile: float = Field(
        0.99, gt=0, le=1, description="which deviation stands for a group of images; 1 is the largest"
    )
    bins: int | None = Field(
        20, ge=2, description="histogram bins the classes of a factor are put into; the classes themselves unless given"
    )
    precision: Literal["codes", "float64"] = Field(
        "codes", description="what is computed in: the precision of the codes, as disentanglement_lib does, or float64"
    )
