"""Settings of the mutual information gap, and the protocol it is reported under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from disentangle_eval.config import Field, MetricConfig, Values


class MIGConfig(MetricConfig):
    """Settings of the mutual information gap.

    Protocol: `dlib`, disentanglement_lib's study (Locatello et al., 2019), number for number.
    """

    protocols: ClassVar[Mapping[str, Values]] = {"dlib": {"num_train": 10_000, "bins": 20}}

    num_train: int = Field(10_000, ge=2, description="images the mutual information is counted over")
    bins: int = Field(20, ge=2, description="bins of the histogram of a code dimension of real numbers")
