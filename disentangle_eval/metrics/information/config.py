"""Settings of the metrics of this family, and the protocols they are reported under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from disentangle_eval.config import Field, MetricConfig, Values


class GILBOConfig(MetricConfig):
    """Settings of GILBO.

    Protocols: `official`, the code of the authors (Alemi & Fischer, 2018), many hours on a CPU; `light`, minutes
    on a CPU: a narrower encoder, trained briefly, so that the lower bound is looser.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "official": {
            "width": 64,
            "learning_rate": 4e-4,
            "iterations_per_cycle": 10_000,
            "max_cycles": 50,
            "num_samples": 640_000,
        },
        "light": {
            "width": 16,
            "learning_rate": 1e-3,
            "iterations_per_cycle": 500,
            "max_cycles": 6,
            "num_samples": 10_000,
        },
    }

    width: int = Field(64, ge=1, description="channels of the encoder's first convolution; other layers scale with it")
    batch_size: int = Field(64, ge=1, description="generated images per batch")
    learning_rate: float = Field(4e-4, gt=0, description="learning rate of the encoder in the first cycle (Adam)")
    iterations_per_cycle: int = Field(10_000, ge=1, description="iterations between two decisions on the learning rate")
    max_cycles: int = Field(50, ge=1, description="cycles after which training ends, whatever the learning rate")
    num_samples: int = Field(640_000, ge=2, description="fresh images for the bound")
    parts: int | None = Field(
        None, ge=1, description="predict only the first parts of the input, such as codes and not noise; all by default"
    )


class MIBoundsConfig(MetricConfig):
    """Settings of the bounds.

    Protocols: `ib-gan`, as the authors watch them during training (Jeon et al., 2021): the lower bound is of images
    under the noise that the last iteration of training added; `noise-free`, of the images as they are, which compares
    checkpoints of a run.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "ib-gan": {"num_samples": 10_000, "noise": "training"},
        "noise-free": {"num_samples": 10_000, "noise": "none"},
    }

    num_samples: int = Field(10_000, ge=2, description="inputs drawn from the prior")
    noise: Literal["training", "none"] = Field(
        "training",
        description="noise on the images whose lower bound is the score: that of the last iteration, or none",
    )


class IWAEConfig(MetricConfig):
    """Settings of the importance-weighted bound.

    Protocols: `kim-mnih`, 5,000 particles for every image of the data set (Kim & Mnih, 2018, appendix E); `sample`, the
    same for 500 random images, ours for a CPU.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "kim-mnih": {"particles": 5_000, "num_images": None},
        "sample": {"particles": 5_000, "num_images": 500},
    }

    particles: int = Field(5_000, ge=1, description="samples of q(z|x) per image")
    num_images: int | None = Field(None, ge=2, description="random images for the bound; all by default")


class ELBODecompositionConfig(MetricConfig):
    """Settings of the decomposition of the ELBO.

    Protocols: `chen`, the authors' 10,000 samples (Chen et al., 2018); `quick`, ours for a CPU. In both q(z) is made of
    all images.
    """

    protocols: ClassVar[Mapping[str, Values]] = {"chen": {"num_samples": 10_000}, "quick": {"num_samples": 1_000}}

    num_samples: int = Field(10_000, ge=2, description="samples of q(z)")
    num_images: int | None = Field(
        None, ge=2, description="random images in q(z), including the samples' own; all by default"
    )
