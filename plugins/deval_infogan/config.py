"""Settings of InfoGAN and InfoWGAN-GP, and the values published for each data set."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from disentangle_eval.config import Field, ModelConfig, Presets
from disentangle_eval.nn.config import Betas, InfoGANNetwork, average_decay

# `mnist-55k` is the part of MNIST that the authors trained on.
_MNIST: dict[str, Any] = {}
_MNIST_CODE = {"slope": 0.01}
_SVHN = {
    "network": "rgb32",
    "categorical_codes": 4,
    "continuous_codes": 4,
    "noise_dim": 124,
    "std": "learned",
    "iterations": 50_000,
}
_CELEBA = {**_SVHN, "categorical_codes": 10, "continuous_codes": 0, "noise_dim": 128}
# The paper's faces have 32 x 32 pixels.
_FACES = {
    "dataset": {"size": 32},
    "network": "faces",
    "categorical_codes": 0,
    "continuous_codes": 5,
    "noise_dim": 128,
    "std": "learned",
    "iterations": 50_000,
}
_CHAIRS = {
    "network": "chairs",
    "categorical_codes": 3,
    "classes": 20,
    "continuous_codes": 1,
    "noise_dim": 128,
    "std": "learned",
    "iterations": 50_000,
}
# From the FactorVAE paper, which trained InfoGAN and InfoWGAN-GP on dSprites.
_DSPRITES = {
    "network": "dsprites",
    "width": 32,
    "categorical_codes": 1,
    "classes": 3,
    "continuous_codes": 4,
    "noise_dim": 5,
    "std": "learned",
    "batch_size": 64,
    "iterations": 300_000,
}
_DSPRITES_BIG = {**_DSPRITES, "network": "dsprites-big", "width": 64, "noise_dim": 128}

_PAPER: dict[str, dict[str, Any]] = {
    "mnist": _MNIST,
    "mnist-55k": _MNIST,
    "svhn": _SVHN,
    "celeba32": _CELEBA,
    "faces": {**_FACES, "lr_discriminator": 2e-4, "lr_generator": 5e-4, "lambda_continuous": 0.2},
    "chairs3d": {**_CHAIRS, "lambda_continuous": 10.0},
    "dsprites": _DSPRITES,
}

# Little weight on the information and little noise: clusters then settle on digits. Under affine maps of the images D
# cannot recognise drawn digits by the place of their strokes, nor Q read codes there, and noise hides details in which
# two categories of the same digits could differ. Half the published width.
_TUNED_MNIST = {
    "augment": True,
    "image_noise": 0.3,
    "average_decay": 0.999,
    "width": 32,
    "noise_dim": 16,
    "lambda_categorical": 0.1,
    "lambda_continuous": 0.02,
    "lr_discriminator": 4e-4,
    "batch_size": 64,
    "iterations": 12_000,
}
# The setting published with InfoGAN-CR as its tuned InfoGAN.
_TUNED_DSPRITES = {
    "network": "dsprites",
    "width": 32,
    "normalisation": "spectral",
    "categorical_codes": 0,
    "continuous_codes": 5,
    "noise_dim": 5,
    "std": "fixed",
    "lambda_continuous": 0.05,
    "lr_discriminator": 2e-3,
    "lr_generator": 1e-3,
    "batch_size": 64,
    "iterations": 288_000,
}


class LatentCodeConfig(ModelConfig):
    """What InfoGAN and InfoWGAN-GP share. Defaults are the published MNIST setting."""

    network: InfoGANNetwork = Field(
        "mnist", description="published networks: their layers and the range of their output"
    )
    width: int = Field(
        64, ge=1, description="channels of the first convolution of D; all other layers scale with it (dSprites: 32)"
    )
    slope: float = Field(0.1, ge=0, lt=1, description="slope of the leaky ReLUs (0.1 in the paper, 0.01 in the code)")
    categorical_codes: int = Field(1, ge=0, description="number of categorical codes")
    classes: int = Field(10, ge=2, description="classes of each categorical code")
    continuous_codes: int = Field(2, ge=0, description="number of continuous codes, uniform on (-1, 1)")
    noise_dim: int = Field(62, ge=0, description="dimensions of the noise z")
    noise_prior: Literal["uniform", "normal"] = Field("uniform", description="prior of z: U(-1, 1) or N(0, 1)")
    std: Literal["fixed", "learned"] = Field(
        "fixed", description="standard deviation of Q on continuous codes: 1, or an output of Q"
    )
    lambda_categorical: float = Field(1.0, ge=0, description="weight of the information on the categorical codes")
    lambda_continuous: float = Field(1.0, ge=0, description="weight of the information on the continuous codes")
    lr_discriminator: float = Field(2e-4, gt=0, description="learning rate of D and Q (Adam)")
    lr_generator: float = Field(1e-3, gt=0, description="learning rate of G (Adam)")
    betas: Betas = Field((0.5, 0.999), description="beta1 and beta2 of both Adams")
    average_decay: float | None = average_decay()
    augment: bool = Field(
        False,
        description="pass real and generated images to D and Q under random affine maps (rotation, scale, shear, "
        "shift)",
    )
    image_noise: float = Field(
        0.0,
        ge=0,
        description="standard deviation of the normal noise on real and generated images, as D and Q are shown them",
    )


class InfoGANConfig(LatentCodeConfig):
    """Defaults are the published MNIST setting."""

    presets: ClassVar[Presets] = {
        "paper": _PAPER,
        "reference": {"mnist": _MNIST_CODE, "mnist-55k": _MNIST_CODE},
        "elevation": {
            "faces": {**_FACES, "lr_discriminator": 4e-4, "lr_generator": 3e-4, "lambda_continuous": 0.1},
        },
        "lighting": {
            "faces": {**_FACES, "lr_discriminator": 8e-4, "lr_generator": 3e-4, "lambda_continuous": 0.1},
        },
        "chair-width": {"chairs3d": {**_CHAIRS, "lambda_continuous": 0.05, "lambda_categorical": 2.0}},
        "big": {"dsprites": _DSPRITES_BIG},
        "tuned": {"mnist": _TUNED_MNIST, "mnist-55k": _TUNED_MNIST, "dsprites": _TUNED_DSPRITES},
    }
    preset_notes: ClassVar[Mapping[str, str]] = {
        "paper": "the paper; on dSprites Kim & Mnih",
        "reference": "the authors' code",
        "elevation": "the paper's second run on faces",
        "lighting": "the paper's third run on faces",
        "chair-width": "the paper's second run on chairs",
        "big": "Kim & Mnih's larger networks",
        "tuned": "ours on MNIST; InfoGAN-CR on dSprites",
    }
    default_preset: ClassVar[str] = "paper"

    batch_size: int = Field(128, ge=2, description="images per batch")
    iterations: int = Field(5_000, ge=1, description="training iterations")
    normalisation: Literal["batch", "spectral"] = Field(
        "batch", description="of D and Q: batch normalisation as published, or spectral normalisation instead"
    )
    bystander: bool = Field(
        False, description="train Q, but neither D nor G from it: a plain GAN whose information is measured"
    )


class InfoWGANGPConfig(LatentCodeConfig):
    """Defaults are InfoGAN's MNIST networks with the optimiser of WGAN-GP's own MNIST script."""

    presets: ClassVar[Presets] = {
        "paper": {"mnist": _MNIST, "mnist-55k": _MNIST, "dsprites": _DSPRITES},
        "big": {"dsprites": _DSPRITES_BIG},
    }
    preset_notes: ClassVar[Mapping[str, str]] = {
        "paper": "InfoGAN's codes and WGAN-GP's optimiser; on dSprites Kim & Mnih",
        "big": "Kim & Mnih's larger networks",
    }
    default_preset: ClassVar[str] = "paper"

    batch_size: int = Field(64, ge=2, description="images per batch")
    iterations: int = Field(20_000, ge=1, description="training iterations, each of critic_steps + 1 steps")
    penalty: float = Field(10.0, ge=0, description="weight of the gradient penalty")
    critic_steps: int = Field(5, ge=1, description="steps of D and Q per iteration")
    lr_discriminator: float = Field(1e-4, gt=0, description="learning rate of D and Q (Adam)")
    lr_generator: float = Field(1e-4, gt=0, description="learning rate of G (Adam)")
    betas: Betas = Field((0.5, 0.9), description="beta1 and beta2 of both Adams")
