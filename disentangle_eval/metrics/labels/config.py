"""Settings of the metrics of this family, and the protocols they are reported under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from disentangle_eval.config import Field, MetricConfig, Values


class ClusterAccuracyConfig(MetricConfig):
    """Settings of the cluster accuracy.

    Protocols: `hungarian`, each cluster stands for at most one class and each class for at most one cluster, so that
    most images agree; `majority`, each cluster stands for the class most of its images have.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "hungarian": {"matching": "hungarian"},
        "majority": {"matching": "majority"},
    }

    matching: Literal["hungarian", "majority"] = Field(
        "hungarian", description="how clusters are named after classes: one to one, or each by its most frequent class"
    )
    column: int | None = Field(
        None, ge=0, description="code dimension whose classes are the clusters; the first with the most unless given"
    )
