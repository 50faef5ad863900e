"""Settings of the unsupervised disentanglement ranking, and the protocols it is reported under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from disentangle_eval.config import Field, MetricConfig, Values


class UDRConfig(MetricConfig):
    """Settings of the unsupervised disentanglement ranking.

    Protocols: `lasso` and `spearman`, the two of disentanglement_lib (Duan et al., 2020), with the settings of its only
    configuration file.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "lasso": {"images": 1000, "similarity": "lasso", "alpha": 0.1, "threshold": 0.01},
        "spearman": {"images": 1000, "similarity": "spearman", "threshold": 0.01},
    }

    images: int = Field(1000, ge=2, description="random images that every model encodes")
    similarity: Literal["lasso", "spearman"] = Field(
        "lasso", description="what compares two dimensions: lasso coefficients, or the rank correlation"
    )
    alpha: float = Field(0.1, gt=0, description="weight of the lasso's penalty")
    threshold: float = Field(
        0.01, ge=0, description="a dimension whose posterior KL is not above this is left out (nats)"
    )
