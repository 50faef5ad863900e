"""Settings of the downstream task, and the protocols it is reported under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field as Bounds
from pydantic import field_validator

from disentangle_eval.config import Field, MetricConfig, Values


class DownstreamConfig(MetricConfig):
    """Settings of the downstream task.

    Protocols, both of disentanglement_lib's study (Locatello et al., 2019): `logistic-regression`, with a
    cross-validated penalty, and `boosted-trees`, scikit-learn's default ones.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "logistic-regression": {
            "predictor": "logistic-regression",
            "train_sizes": (10, 100, 1_000, 10_000),
            "num_test": 5_000,
            "strengths": 10,
            "folds": 5,
        },
        "boosted-trees": {
            "predictor": "boosted-trees",
            "train_sizes": (10, 100, 1_000, 10_000),
            "num_test": 5_000,
            "stages": 100,
            "depth": 3,
            "learning_rate": 0.1,
        },
    }

    predictor: Literal["logistic-regression", "boosted-trees"] = Field(
        "logistic-regression", description="what predicts each factor from the code"
    )
    train_sizes: tuple[Annotated[int, Bounds(ge=2)], ...] = Field(
        (10, 100, 1_000, 10_000), min_length=1, description="numbers of training images, each a task of its own"
    )
    num_test: int = Field(5_000, ge=2, description="fresh images each task is tested on")
    strengths: int = Field(10, ge=1, description="logistic regression: inverse penalties tried, from 1e-4 to 1e4")
    folds: int = Field(5, ge=2, description="logistic regression: parts of the training images to cross-validate over")
    stages: int = Field(100, ge=1, description="boosted trees: boosting stages, each of one tree a class")
    depth: int = Field(3, ge=1, le=16, description="boosted trees: splits between a tree's root and a leaf")
    learning_rate: float = Field(0.1, gt=0, le=1, description="boosted trees: the share of a prediction that is added")

    @field_validator("train_sizes", mode="before")
    @classmethod
    def _of_text(cls, value: Any) -> Any:
        """Numbers joined by commas, as they are typed."""
        return value.split(",") if isinstance(value, str) else value
