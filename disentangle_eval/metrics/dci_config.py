"""Settings of DCI, and the protocols it is reported under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from disentangle_eval.config import Field, MetricConfig, Values


class DCIConfig(MetricConfig):
    """Settings of DCI.

    Protocol: `dlib`, disentanglement_lib's study (Locatello et al., 2019), with scikit-learn's default trees.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "dlib": {"num_train": 10_000, "num_test": 5_000, "stages": 100, "depth": 3, "learning_rate": 0.1},
    }

    num_train: int = Field(10_000, ge=2, description="images the trees are grown on")
    num_test: int = Field(5_000, ge=2, description="fresh images they are tested on")
    stages: int = Field(100, ge=1, description="boosting stages, each of one tree a class")
    depth: int = Field(3, ge=1, le=16, description="splits between a tree's root and a leaf")
    learning_rate: float = Field(0.1, gt=0, le=1, description="the share of a tree's prediction that is added")
