"""Settings of the unsupervised scores of a code, and the protocols they are reported under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from disentangle_eval.config import Field, MetricConfig, Values


class UnsupervisedConfig(MetricConfig):
    """Settings of the unsupervised scores. Protocol: `dlib`, disentanglement_lib's study, number for number."""

    protocols: ClassVar[Mapping[str, Values]] = {"dlib": {"samples": 10_000, "bins": 20}}

    samples: int = Field(10_000, ge=2, description="random images")
    bins: int = Field(20, ge=2, description="histogram bins a column of real numbers is put into for its information")
