"""Settings of the VAE family and the values published for each data set.

The class defaults are Kim & Mnih's for data sets other than dSprites. "Recalled" marks a figure quoted from memory of a
paper and not checked against a copy.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from disentangle_eval.config import Field, Presets
from disentangle_eval.nn import config as nn

# Kim & Mnih. 128 hidden units are the paper's. 300,000 iterations on dSprites are recalled; that every other data set
# has 1,000,000 (the class default) is inferred: the paper's text says so for 3D Shapes, whose 6 latents are recalled.
# The paper trains on 3D Chairs in colour. `sprites3d` has the factors of 3D Shapes and takes its values.
_KIM_MNIH: Mapping[str, Mapping[str, Any]] = {
    "dsprites": {"hidden": 128, "iterations": 300_000},
    "shapes3d": {"latent_dim": 6},
    "sprites3d": {"latent_dim": 6},
    "chairs3d": {"dataset": {"channels": 3}},
    "*": {},
}

# Locatello et al.: one setting for all data sets.
_LOCATELLO: Mapping[str, Any] = {"networks": "locatello", "iterations": 300_000}


def _presets(
    reference: Mapping[str, Mapping[str, Any]] | None = None, locatello: Mapping[str, Any] | None = None
) -> Presets:
    """The family's two presets with the model's own settings, by data set and for all of them."""
    own = reference or {}
    datasets = dict.fromkeys([*_KIM_MNIH, *own])
    return {
        "reference": {name: {**_KIM_MNIH.get(name, {}), **own.get(name, {})} for name in datasets},
        "locatello": {"*": {**_LOCATELLO, **(locatello or {})}},
    }


class VAEConfig(nn.GaussianVAEConfig):
    """What every model of the family has."""

    presets: ClassVar[Presets] = _presets()
    preset_notes: ClassVar[Mapping[str, str]] = {
        "reference": "Kim & Mnih",
        "locatello": "Locatello et al., one setting for all data sets",
        "chen": "the authors' script on dSprites",
    }


class BetaVAEConfig(VAEConfig):
    """beta = 4 on dSprites is recalled from Kim & Mnih."""

    beta: float = Field(4.0, ge=0, description="weight of the KL to the prior")


class AnnealedVAEConfig(VAEConfig):
    """The final capacity is recalled from Burgess et al. (dSprites)."""

    gamma: float = Field(1000.0, ge=0, description="weight of the distance of the KL from its capacity")
    capacity: float = Field(25.0, ge=0, description="capacity at the end of its rise, nats")
    capacity_iterations: int = Field(
        100_000, ge=1, description="iterations over which the capacity rises linearly from 0"
    )


class DiscriminatedVAEConfig(VAEConfig, nn.DiscriminatedVAEConfig):
    """Settings of the models with a discriminator in latent space."""


# The learning rates: 1Konny's scripts, which agree with what is recalled of Kim & Mnih.
_LR_DISCRIMINATOR: Mapping[str, Mapping[str, Any]] = {
    "shapes3d": {"lr_discriminator": 1e-5},
    "sprites3d": {"lr_discriminator": 1e-5},
    "chairs3d": {"lr_discriminator": 1e-5},
    "celeba": {"lr_discriminator": 1e-5},
}


class FactorVAEConfig(DiscriminatedVAEConfig):
    """gamma = 35 on dSprites is recalled from Kim & Mnih; 3D Chairs and CelebA have those of 1Konny's scripts.

    Of the six values that Locatello et al. try, 30 is in their preset: our choice.
    """

    presets: ClassVar[Presets] = _presets(
        {
            **_LR_DISCRIMINATOR,
            "chairs3d": {**_LR_DISCRIMINATOR["chairs3d"], "gamma": 3.2},
            "celeba": {**_LR_DISCRIMINATOR["celeba"], "gamma": 6.4},
        },
        locatello={"gamma": 30.0, "second_batch": False},
    )

    gamma: float = Field(35.0, ge=0, description="weight of the total correlation")
    gamma_iterations: int = Field(
        0, ge=0, description="iterations over which that weight rises linearly from 0; 0: it is constant"
    )
    match: Literal["factorised", "prior"] = Field(
        "factorised",
        description="target of q(z) for gamma: the product of its marginals, or the prior (the paper's appendix F)",
    )
    second_batch: bool = Field(
        True,
        description="permute the latents of a second batch (the paper's algorithm 2) instead of those of the same "
        "batch",
    )


class BetaTCVAEConfig(VAEConfig):
    """beta = 6 is recalled from Chen et al. (dSprites). The preset `chen` is the authors' script on dSprites.

    50 epochs of 737,280 images in batches of 2048 are 18,000 iterations.
    """

    presets: ClassVar[Presets] = {
        **_presets(),
        "chen": {"dsprites": {"networks": "mlp", "batch_size": 2048, "lr": 1e-3, "iterations": 18_000}},
    }

    batch_size: int = Field(64, ge=2, description="images per batch")
    beta: float = Field(6.0, ge=0, description="weight of the total correlation")
    stratified: bool = Field(
        False,
        description="train with stratified weights of the minibatch in the estimate of log q(z), not with equal ones "
        "(the log always has stratified ones)",
    )


class DIPVAEConfig(VAEConfig):
    """Settings of both DIP-VAEs; 10 is one of the six values that Locatello et al. try."""

    batch_size: int = Field(64, ge=2, description="images per batch")
    lambda_od: float = Field(10.0, ge=0, description="weight of the squared covariances off the diagonal")


class DIPVAEIConfig(DIPVAEConfig):
    """lambda_d is ten times lambda_od, as in Locatello et al."""

    lambda_d: float = Field(100.0, ge=0, description="weight of the squared distances of the variances from 1")


class DIPVAEIIConfig(DIPVAEConfig):
    """lambda_d equals lambda_od, as in Locatello et al."""

    lambda_d: float = Field(10.0, ge=0, description="weight of the squared distances of the variances from 1")


class AdaGVAEConfig(VAEConfig):
    """beta = 1 is the value of the authors' test configuration (Locatello et al., 2020).

    That it is one of six values of their study, and one differing factor one of two settings, is recalled.
    """

    beta: float = Field(1.0, ge=0, description="weight of the KL to the prior")
    differing_factors: int = Field(
        1, ge=0, description="factors in which the images of a pair differ; 0: a random number for each pair"
    )


class AAEConfig(DiscriminatedVAEConfig):
    """The discriminator is FactorVAE's (inferred); Kim & Mnih's grid of gamma is not known to us, 1 is our choice."""

    presets: ClassVar[Presets] = _presets(_LR_DISCRIMINATOR)

    gamma: float = Field(1.0, ge=0, description="weight of the KL of the aggregate posterior to the prior")
