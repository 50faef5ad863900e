"""Settings of the total correlation, and the protocols it is reported under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from disentangle_eval.config import Field, MetricConfig, Values


class TotalCorrelationConfig(MetricConfig):
    """Settings of the total correlation.

    Protocols: `large-sample`, log q(z) over all images at 10,000 samples (Chen et al., 2018); `gaussian`, of a normal
    distribution with the covariance of the posterior means (Locatello et al., 2019); `discriminator`, the density ratio
    that a classifier learns (Kim & Mnih, 2018). The discriminator's own settings, its training and the threshold of the
    Gaussian are our choice.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "large-sample": {"estimator": "large-sample", "samples": 10_000},
        "gaussian": {"estimator": "gaussian", "samples": 10_000},
        "discriminator": {"estimator": "discriminator", "samples": 10_000},
    }

    estimator: Literal["large-sample", "gaussian", "discriminator"] = Field(
        "large-sample", description="how the total correlation is estimated"
    )
    samples: int = Field(10_000, ge=2, description="samples of q(z); for gaussian, random images")
    max_images: int | None = Field(
        None, ge=2, description="random images q(z) is made of, the samples' own among them; all unless given"
    )
    least_variance: float = Field(
        0.01, ge=0, description="gaussian: a dimension whose means vary no more than this is left out"
    )
    width: int = Field(256, ge=1, description="discriminator: units of each hidden layer")
    layers: int = Field(3, ge=1, description="discriminator: hidden layers")
    iterations: int = Field(5_000, ge=1, description="discriminator: training iterations")
    batch_size: int = Field(512, ge=2, description="discriminator: samples of each class in a batch")
    learning_rate: float = Field(1e-3, gt=0, description="discriminator: Adam's learning rate")
