"""Settings of the models with discrete latents and the values published for each data set."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import field_validator
from pydantic_core import PydanticCustomError

from disentangle_eval.config import Field, ModelConfig, Presets
from disentangle_eval.nn.config import average_decay

# Dupont's settings of the published models; iterations are their epochs times images over 64, ours.
_MNIST: Mapping[str, Any] = {}
_DUPONT: Mapping[str, Mapping[str, Any]] = {
    "mnist": _MNIST,
    "fashion-mnist": {
        "gamma": 100.0,
        "capacity_categorical": 10.0,
        "capacity_iterations": 50_000,
    },
    "chairs3d": {
        "latent_dim": 32,
        "classes": (2, 2, 2),
        "gamma": 300.0,
        "capacity": 30.0,
        "capacity_categorical": 5.0,
        "capacity_iterations": 100_000,
        "lr": 1e-4,
        "iterations": 134_947,
        "dataset": {"channels": 1},
    },
    "celeba": {
        "latent_dim": 32,
        "gamma": 100.0,
        "capacity": 50.0,
        "capacity_categorical": 10.0,
        "capacity_iterations": 100_000,
        "iterations": 316_561,
    },
    "dsprites": {
        "latent_dim": 6,
        "classes": (3,),
        "gamma": 150.0,
        "capacity": 40.0,
        "capacity_categorical": 1.1,
        "capacity_iterations": 300_000,
        "iterations": 345_600,
    },
    "*": _MNIST,
}


class JointVAEConfig(ModelConfig):
    """The defaults are Dupont's (2018) on MNIST."""

    presets: ClassVar[Presets] = {"paper": _DUPONT}
    preset_notes: ClassVar[Mapping[str, str]] = {"paper": "Dupont; data sets not named have the values of MNIST"}
    default_preset: ClassVar[str] = "paper"

    iterations: int = Field(93_750, ge=1, description="training iterations")
    classes: tuple[int, ...] = Field(
        (10,), min_length=1, description="classes of each categorical latent, with commas between: 10 or 2,2,2"
    )
    latent_dim: int = Field(10, ge=1, description="dimensions of the Gaussian latent")
    temperature: float = Field(0.67, gt=0, description="temperature of the concrete distribution in training")
    gamma: float = Field(30.0, ge=0, description="weight of the distance of each KL from its capacity")
    capacity: float = Field(5.0, ge=0, description="capacity of the Gaussian latent at the end of its rise, nats")
    capacity_categorical: float = Field(
        5.0,
        ge=0,
        description="capacity of the categorical latents at the end of its rise, nats; never above the sum of the "
        "logarithms of their classes",
    )
    capacity_iterations: int = Field(25_000, ge=1, description="iterations over which both capacities rise from 0")
    hidden: int = Field(256, ge=1, description="units of the dense layers")
    lr: float = Field(5e-4, gt=0, description="learning rate (Adam)")
    average_decay: float | None = average_decay()

    @field_validator("classes")
    @classmethod
    def _at_least_two(cls, classes: tuple[int, ...]) -> tuple[int, ...]:
        if min(classes) < 2:
            raise PydanticCustomError("classes", "expected at least 2 classes of each latent")
        return classes


_SMALL: Mapping[str, Any] = {
    "classes": 32,
    "embedding_dim": 16,
    "width": 32,
    "batch_size": 64,
    "lr": 1e-3,
    "iterations": 20_000,
}


class VQVAEConfig(ModelConfig):
    """The defaults are van den Oord et al.'s (2017) for images; `small` is ours, for one core of a CPU."""

    presets: ClassVar[Presets] = {
        "paper": {"*": {}},
        "small": {
            "mnist": _SMALL,
            "mnist-55k": _SMALL,
            "fashion-mnist": _SMALL,
            "*": {**_SMALL, "halvings": 4},
        },
    }
    preset_notes: ClassVar[Mapping[str, str]] = {"paper": "van den Oord et al.", "small": "ours, for one CPU core"}
    default_preset: ClassVar[str] = "paper"

    batch_size: int = Field(128, ge=1, description="images per batch")
    iterations: int = Field(250_000, ge=1, description="training iterations")
    classes: int = Field(512, ge=2, description="vectors of the codebook, the classes of every code")
    embedding_dim: int = Field(64, ge=1, description="dimensions of a vector of the codebook")
    halvings: int = Field(
        2, ge=1, description="how many times the encoder halves the image: a 64 x 64 image has 16 x 16 codes with 2"
    )
    width: int = Field(256, ge=1, description="channels of all hidden convolutions")
    residual_blocks: int = Field(2, ge=0, description="residual blocks of the encoder and of the decoder")
    beta: float = Field(0.25, ge=0, description="weight of the commitment of the encoder to the codebook")
    variance: float = Field(0.06, gt=0, description="variance of the decoder's normal pixels")
    prior: Literal["none", "uniform"] = Field(
        "none", description="prior of the codes: none, so that no images are drawn, or every class equally likely"
    )
    lr: float = Field(2e-4, gt=0, description="learning rate (Adam)")
