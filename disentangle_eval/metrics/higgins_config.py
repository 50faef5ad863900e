"""Settings of the Higgins metric, and the protocols it is reported under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from disentangle_eval.config import Field, MetricConfig, Values

_KIM_MNIH_POINTS: Values = {
    "pairs_per_point": 200,
    "train_points": 100_000,
    "eval_points": 800,
    "stream": "independent",
}


class HigginsConfig(MetricConfig):
    """Settings of the Higgins metric.

    Protocols: `dlib`, disentanglement_lib's study (Locatello et al., 2019), number for number; `kim-mnih`, the closed
    protocol of Kim & Mnih (2018), whose classifier stops after a fixed number of iterations; `converged`, the same
    points with a classifier at its minimum. The paper does not state Adagrad's accumulator, the initial weights or
    whether batches repeat; 0.1, zeros and fresh points for every batch are our choice.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "dlib": {
            "pairs_per_point": 64,
            "train_points": 10_000,
            "eval_points": 5_000,
            "stream": "reference",
            "solver": "lbfgs",
            "iterations": 100,
            "tolerance": 1e-4,
            "penalty": 1.0,
        },
        "kim-mnih": {
            **_KIM_MNIH_POINTS,
            "solver": "adagrad",
            "iterations": 10_000,
            "batch_size": 10,
            "learning_rate": 0.01,
            "accumulator": 0.1,
            "weight_std": 0.0,
        },
        "converged": {
            **_KIM_MNIH_POINTS,
            "solver": "newton",
            "iterations": 1_000,
            "tolerance": 1e-8,
            "penalty": 0.01,
        },
    }

    pairs_per_point: int = Field(64, ge=1, description="pairs of images whose differences a point is the mean of")
    train_points: int = Field(10_000, ge=1, description="points the classifier is trained on")
    eval_points: int = Field(5_000, ge=1, description="fresh points the classifier is tested on")
    stream: Literal["reference", "independent"] = Field(
        "reference", description="random numbers: disentanglement_lib's draws and precision, or ours in float64"
    )
    solver: Literal["lbfgs", "adagrad", "newton"] = Field(
        "lbfgs", description="how the classifier is trained; newton standardises the points and must converge"
    )
    iterations: int = Field(100, ge=1, description="iterations of adagrad, the most iterations of lbfgs and newton")
    tolerance: float = Field(1e-4, gt=0, description="lbfgs and newton end where the loss is no steeper, nats a weight")
    penalty: float = Field(
        1.0, gt=0, description="lbfgs and newton: weight of half the squared weights beside the summed cross entropy"
    )
    batch_size: int = Field(10, ge=1, description="adagrad: points in a batch; batches follow one another")
    learning_rate: float = Field(0.01, gt=0, description="adagrad: learning rate")
    accumulator: float = Field(0.1, gt=0, description="adagrad: what the sum of squared gradients starts from")
    weight_std: float = Field(0.0, ge=0, description="adagrad: standard deviation of the initial weights")
