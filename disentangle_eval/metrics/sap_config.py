"""Settings of the SAP score, and the protocols it is reported under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from disentangle_eval.config import Field, MetricConfig, Values


class SAPConfig(MetricConfig):
    """Settings of the SAP score.

    Protocols: `dlib`, disentanglement_lib's study (Locatello et al., 2019), number for number; `correlation`, the
    paper's form for continuous factors (Kumar et al., 2018).
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "dlib": {"num_train": 10_000, "num_test": 5_000, "predictor": "svm"},
        "correlation": {"num_train": 10_000, "num_test": 5_000, "predictor": "correlation"},
    }

    num_train: int = Field(10_000, ge=2, description="images the classifiers are fitted to, or correlated over")
    num_test: int = Field(5_000, ge=2, description="fresh images the classifiers are tested on")
    predictor: Literal["svm", "correlation"] = Field(
        "svm", description="what scores a dimension: a linear classifier's accuracy, or the squared correlation"
    )
