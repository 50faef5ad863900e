"""Settings of the public VAE bases, and settings and names that models share. Nothing here imports torch."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from disentangle_eval.config import Field, ModelConfig

Networks = Literal["kim-mnih", "locatello", "mlp", "ibgan"]
InfoGANNetwork = Literal["mnist", "rgb32", "faces", "chairs", "dsprites", "dsprites-big"]
Init = Literal["default", "1konny"]


def _below_one(betas: tuple[float, float]) -> tuple[float, float]:
    if not all(0 <= beta < 1 for beta in betas):
        raise PydanticCustomError("betas", "expected two numbers from 0 to below 1")
    return betas


# The setting of a model for beta1 and beta2 of Adam, which refuses others.
Betas = Annotated[tuple[float, float], AfterValidator(_below_one)]


def average_decay() -> Any:
    """The setting of a model that can be judged with `disentangle_eval.nn.averaging.AveragedWeights`."""
    return Field(
        None,
        ge=0,
        lt=1,
        description="encode and generate with exponential averages of the weights, with this decay per iteration; "
        "none: with the weights themselves",
    )


class GaussianVAEConfig(ModelConfig):
    """Settings of `disentangle_eval.nn.gaussian_vae.GaussianVAE`; the defaults are Kim & Mnih's (2018)."""

    iterations: int = Field(1_000_000, ge=1, description="training iterations")
    latent_dim: int = Field(10, ge=1, description="dimensions of the latent z, the representation")
    networks: Networks = Field("kim-mnih", description="networks of encoder and decoder")
    hidden: int = Field(
        256,
        ge=1,
        description="units of the dense layers of the networks kim-mnih (locatello always has 256, mlp 1200)",
    )
    width: int = Field(16, ge=1, description="base channels of the networks ibgan")
    init: Init = Field(
        "default",
        description="weight initialisation: PyTorch's; 1konny: N(0, 0.02) except in transposed convolutions",
    )
    lr: float = Field(1e-4, gt=0, description="learning rate of encoder and decoder (Adam)")
    average_decay: float | None = average_decay()

    @field_validator("networks")
    @classmethod
    def _normalised_over_several(cls, networks: Networks, info: ValidationInfo) -> Networks:
        if networks == "ibgan" and info.data.get("batch_size") == 1:
            raise PydanticCustomError("networks", "expected a batch_size from 2 on, for batch normalisation")
        return networks


class DiscriminatedVAEConfig(GaussianVAEConfig):
    """Settings of `disentangle_eval.nn.discriminated_vae.DiscriminatedVAE`: a discriminator in latent space as well."""

    batch_size: int = Field(64, ge=2, description="images per batch")
    lr_discriminator: float = Field(
        1e-4, gt=0, description="learning rate of the discriminator (Adam, betas 0.5 and 0.9)"
    )
    discriminator_width: int = Field(1000, ge=1, description="units of each hidden layer of the discriminator")
    discriminator_layers: int = Field(6, ge=1, description="hidden layers of the discriminator")
