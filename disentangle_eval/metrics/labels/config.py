"""Settings of the metrics of this family, and the protocols they are reported under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field as Bounds

from disentangle_eval.config import Field, MetricConfig, Values

HeldBack = Annotated[int, Bounds(ge=1)]


class ClusterAccuracyConfig(MetricConfig):
    """Settings of the cluster accuracy.

    Protocols: `hungarian`, each cluster has at most one class and each class at most one cluster, so that
    most images agree; `majority`, each cluster has the class of most of its images; `hinz-wermter`, one to
    one as found on the data set held back from training, as Hinz & Wermter (2018) name clusters; `validation`, the same
    on 5,000 random images that are not scored, where there is no such data set; `k-means`, one to one for clusters of
    the code's dimensions, whatever these hold; `k-means-unscaled`, the same without standardising the dimensions first,
    the usual baseline on pixels.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "hungarian": {"matching": "hungarian"},
        "majority": {"matching": "majority"},
        "hinz-wermter": {"matching": "hungarian", "held_back": "validation"},
        "validation": {"matching": "hungarian", "held_back": 5_000},
        "k-means": {"matching": "hungarian", "clusters": "k-means"},
        "k-means-unscaled": {"matching": "hungarian", "clusters": "k-means-unscaled"},
    }

    matching: Literal["hungarian", "majority"] = Field(
        "hungarian", description="how clusters are named after classes: one to one, or each by its most frequent class"
    )
    held_back: HeldBack | Literal["validation"] | None = Field(
        None,
        description="images that name the clusters and are not scored: this many random ones, or `validation`, the "
        "data set held back from training; by default the images scored",
    )
    clusters: Literal["code", "k-means", "k-means-unscaled"] = Field(
        "code",
        description="clusters of a categorical code dimension, or k-means of all dimensions, standardised or as they "
        "are",
    )
    column: int | None = Field(
        None, ge=0, description="code dimension whose classes are the clusters; by default the first with the most"
    )

    def needed(self, of_metric: frozenset[str]) -> frozenset[str]:
        return of_metric | {"validation"} if self.held_back == "validation" else of_metric


class CategoryInformationConfig(MetricConfig):
    """Settings of the category information. Protocols: `sample`, 10,000 random images; `full`, every image."""

    protocols: ClassVar[Mapping[str, Values]] = {"sample": {"num_images": 10_000}, "full": {"num_images": None}}

    num_images: int | None = Field(10_000, ge=2, description="different random images; none: all")
    column: int | None = Field(
        None, ge=0, description="code dimension whose classes are scored; by default the first with the most"
    )
