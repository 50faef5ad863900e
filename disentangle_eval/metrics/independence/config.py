"""Settings of the metrics of this family, and the protocols they are reported under."""

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
        "large-sample": {"estimator": "large-sample", "num_samples": 10_000},
        "gaussian": {"estimator": "gaussian", "num_images": 10_000},
        "discriminator": {"estimator": "discriminator", "num_samples": 10_000, "trainings": 3},
    }

    estimator: Literal["large-sample", "gaussian", "discriminator"] = Field(
        "large-sample", description="how the total correlation is estimated"
    )
    num_samples: int = Field(10_000, ge=2, description="large-sample and discriminator: samples of q(z)")
    num_images: int | None = Field(
        None, ge=2, description="random images in q(z), including the samples' own; all by default"
    )
    least_variance: float = Field(
        0.01, ge=0, description="gaussian: dimensions whose means have no larger variance are left out"
    )
    trainings: int = Field(3, ge=1, description="discriminator: independent trainings, whose spread gives the error")
    width: int = Field(256, ge=1, description="discriminator: units of each hidden layer")
    layers: int = Field(3, ge=1, description="discriminator: hidden layers")
    iterations: int = Field(5_000, ge=1, description="discriminator: training iterations")
    batch_size: int = Field(512, ge=2, description="discriminator: samples of each class per batch")
    learning_rate: float = Field(1e-3, gt=0, description="discriminator: Adam's learning rate")


class UnsupervisedConfig(MetricConfig):
    """Settings of the unsupervised scores. Protocol: `dlib`, disentanglement_lib's study, number for number."""

    protocols: ClassVar[Mapping[str, Values]] = {"dlib": {"num_images": 10_000, "bins": 20}}

    num_images: int = Field(10_000, ge=2, description="random images")
    bins: int = Field(20, ge=2, description="histogram bins of a real-valued column")


class UDRConfig(MetricConfig):
    """Settings of the unsupervised disentanglement ranking.

    Protocols: `lasso` and `spearman`, the two of disentanglement_lib (Duan et al., 2020), with the settings of its only
    configuration file.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "lasso": {"num_images": 1000, "similarity": "lasso", "alpha": 0.1, "threshold": 0.01},
        "spearman": {"num_images": 1000, "similarity": "spearman", "threshold": 0.01},
    }

    num_images: int = Field(1000, ge=2, description="random images that every model encodes")
    similarity: Literal["lasso", "spearman"] = Field(
        "lasso", description="similarity of two dimensions: lasso coefficient, or rank correlation"
    )
    alpha: float = Field(0.1, gt=0, description="weight of the lasso's penalty")
    threshold: float = Field(
        0.01, ge=0, description="dimensions whose posterior KL is not above this are left out (nats)"
    )
