"""Settings of the metrics of this family, and the protocols they are reported under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from disentangle_eval.config import Field, MetricConfig, Values


class FeatureConfig(MetricConfig):
    """Which images are compared, and by the features of which network."""

    features: str | None = Field(
        None,
        description="file of the feature extractor, or dinov2-vit-l-14; by default torch-fidelity's Inception-v3",
    )
    num_images: int = Field(50_000, ge=2, description="generated images, and real ones if the data set has as many")
    inner_noise: Literal["drawn", "mean"] = Field(
        "drawn", description="noise inside the generator, after its latent: drawn as in training, or at its mean"
    )


class FIDConfig(FeatureConfig):
    """Settings of the Fréchet inception distance.

    The protocol `fid-50k` is the usual one: Inception-v3 as in torch-fidelity, 50,000 generated images and 50,000 real
    ones (Heusel et al., 2017; IB-GAN's study has these numbers too).
    """

    protocols: ClassVar[Mapping[str, Values]] = {"fid-50k": {"num_images": 50_000, "inner_noise": "drawn"}}


class KIDConfig(FeatureConfig):
    """Settings of the kernel inception distance.

    The protocol `torch-fidelity` is that library's defaults: 100 subsets of 1,000 images, the cubic kernel
    (Bińkowski et al., 2018), here out of 50,000 images.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "torch-fidelity": {"num_images": 50_000, "inner_noise": "drawn", "subsets": 100, "subset_size": 1_000}
    }

    subsets: int = Field(100, ge=1, description="subsets over which the distance is averaged")
    subset_size: int = Field(1_000, ge=2, description="images per subset, without replacement")


class PRDCConfig(FeatureConfig):
    """Settings of precision, recall, density and coverage.

    Protocols: `naeem`, 10,000 images and 5 neighbours (Naeem et al., 2020); `kynkaanniemi`, 50,000 images and 3
    neighbours (Kynkäänniemi et al., 2019). Both papers take the features of VGG-16, here they are Inception-v3's unless
    `features` names another network.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "naeem": {"num_images": 10_000, "inner_noise": "drawn", "neighbours": 5},
        "kynkaanniemi": {"num_images": 50_000, "inner_noise": "drawn", "neighbours": 3},
    }

    num_images: int = Field(10_000, ge=2, description="generated images, and real ones if the data set has as many")
    neighbours: int = Field(5, ge=1, description="k: a ball reaches to the k-th nearest other image of its own set")


class ReconstructionConfig(MetricConfig):
    """Settings of the reconstruction error. Protocols: `sample`, 10,000 random images; `full`, every image."""

    protocols: ClassVar[Mapping[str, Values]] = {"sample": {"num_images": 10_000}, "full": {"num_images": None}}

    num_images: int | None = Field(10_000, ge=2, description="different random images; none: all")
