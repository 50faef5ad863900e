"""Settings of modularity and explicitness, and the protocol they are reported under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from disentangle_eval.config import Field, MetricConfig, Values


class ModularityExplicitnessConfig(MetricConfig):
    """Settings of modularity and explicitness.

    Protocol: `dlib`, disentanglement_lib's study (Locatello et al., 2019), number for number.
    """

    protocols: ClassVar[Mapping[str, Values]] = {"dlib": {"num_train": 10_000, "num_test": 5_000, "bins": 20}}

    num_train: int = Field(10_000, ge=2, description="images for the mutual information and the classifiers")
    num_test: int = Field(5_000, ge=2, description="fresh images the classifiers are tested on")
    bins: int = Field(20, ge=2, description="bins of the histogram of a code dimension of real numbers")
