"""Settings of Bidirectional InfoGAN and the values published for each data set."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from disentangle_eval.config import Field, ModelConfig, Presets
from disentangle_eval.nn.config import Betas, average_decay

Network = Literal["mnist", "rgb32"]
Init = Literal["fan-in", "kernel-height"]

# `mnist-55k` is the part of MNIST that the authors trained on.
_MNIST: dict[str, Any] = {}
_SVHN: dict[str, Any] = {
    "network": "rgb32",
    "categorical_codes": 4,
    "continuous_codes": 4,
    "noise_dim": 64,
    "lr_discriminator": 1e-4,
    "lr_generator": 1e-4,
    "batch_size": 32,
    "iterations": 300_000,
}
_CELEBA = {**_SVHN, "iterations": 500_000}
# Half the published width and half its iterations, for one core of a CPU; learns faster.
_TUNED: dict[str, Any] = {
    "width": 16,
    "lambda_": 0.3,
    "continuous_share": 1 / 3,
    "batch_size": 64,
    "lr_discriminator": 4e-4,
    "lr_generator": 1e-3,
    "average_decay": 0.999,
    "augment": True,
    "iterations": 15_000,
}


class BidirectionalInfoGANConfig(ModelConfig):
    """Defaults are the published MNIST setting."""

    presets: ClassVar[Presets] = {
        "paper": {"mnist": _MNIST, "mnist-55k": _MNIST, "svhn": _SVHN, "celeba32": _CELEBA},
        "tuned": {"mnist": _TUNED, "mnist-55k": _TUNED},
    }
    preset_notes: ClassVar[Mapping[str, str]] = {"paper": "the paper", "tuned": "ours, for one CPU core"}
    default_preset: ClassVar[str] = "paper"

    batch_size: int = Field(128, ge=2, description="images per batch")
    iterations: int = Field(30_000, ge=1, description="training iterations")
    network: Network = Field("mnist", description="published networks for 28 x 28 or for 32 x 32 images")
    width: int = Field(32, ge=1, description="channels of the first convolution of E; all other layers scale with it")
    categorical_codes: int = Field(1, ge=0, description="number of categorical codes")
    classes: int = Field(10, ge=2, description="classes of each categorical code")
    continuous_codes: int = Field(2, ge=0, description="number of continuous codes, uniform on (-1, 1)")
    noise_dim: int = Field(16, ge=1, description="dimensions of the noise z, uniform on (-1, 1)")
    lambda_: float = Field(1.0, ge=0, description="weight of the losses of the inferred codes")
    continuous_share: float = Field(
        1.0,
        ge=0,
        description="weight of the loss of continuous codes relative to that of categorical codes",
    )
    init: Init = Field(
        "kernel-height",
        description="of D and E, N(0, sqrt(2 / n)): n the kernel's height as in the code, or the inputs of a unit",
    )
    lr_discriminator: float = Field(1e-4, gt=0, description="learning rate of D at the first iteration (Adam)")
    lr_generator: float = Field(5e-4, gt=0, description="learning rate of G and E at the first iteration (Adam)")
    betas: Betas = Field((0.5, 0.999), description="beta1 and beta2 of both Adams")
    average_decay: float | None = average_decay()
    augment: bool = Field(
        False,
        description="pass real and generated images to D and E under random affine maps (rotation, scale, shear, "
        "shift)",
    )
    image_noise: float = Field(
        0.0,
        ge=0,
        description="standard deviation of the normal noise on real and generated images, as D and E are shown them",
    )
    decay_iterations: int | None = Field(
        None, ge=1, description="iterations over which the learning rates fall; by default those of the run"
    )
    decay_power: float = Field(0.5, gt=0, description="power of the polynomial by which the learning rates fall")
    decay_final: float = Field(0.2, ge=0, le=1, description="final share of the learning rates")
