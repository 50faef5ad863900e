"""Settings of the metrics of this family, and the protocols they are reported under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from disentangle_eval.config import Field, MetricConfig, Values


class ClusterAccuracyConfig(MetricConfig):
    """Settings of the cluster accuracy.

    Protocols: `hungarian`, each cluster stands for at most one class and each class for at most one cluster, so that
    most images agree; `majority`, each cluster stands for the class most of its images have; `validation`, one to one
    as found on 5,000 images that are held back, as Hinz & Wermter (2018) name clusters; `k-means`, one to one for
    clusters of the code's dimensions, whatever these hold.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "hungarian": {"matching": "hungarian"},
        "majority": {"matching": "majority"},
        "validation": {"matching": "hungarian", "held_back": 5_000},
        "k-means": {"matching": "hungarian", "clusters": "k-means"},
    }

    matching: Literal["hungarian", "majority"] = Field(
        "hungarian", description="how clusters are named after classes: one to one, or each by its most frequent class"
    )
    held_back: int | None = Field(
        None, ge=1, description="random images that name the clusters and are not scored; those scored unless given"
    )
    clusters: Literal["code", "k-means"] = Field(
        "code", description="what puts images into clusters: a categorical code dimension, or k-means of all dimensions"
    )
    column: int | None = Field(
        None, ge=0, description="code dimension whose classes are the clusters; the first with the most unless given"
    )


class CategoryInformationConfig(MetricConfig):
    """Settings of the category information. Protocols: `sample`, 10,000 random images; `full`, every image."""

    protocols: ClassVar[Mapping[str, Values]] = {"sample": {"num_images": 10_000}, "full": {"num_images": None}}

    num_images: int | None = Field(10_000, ge=2, description="different random images; every image unless given")
    column: int | None = Field(
        None, ge=0, description="code dimension whose classes are judged; the first with the most unless given"
    )
