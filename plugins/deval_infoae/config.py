"""Settings of InfoAE. The paper's weights are three numbers; which loss each belongs to is our reading."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from disentangle_eval.config import Field, ModelConfig, Presets
from disentangle_eval.nn.config import Betas, average_decay

_MNIST: dict[str, Any] = {}
# With the autoencoder learning faster than its adversaries the game is even; with little noise and little weight on
# the category, clusters settle on digits. That real images have as much information about their class as there can be,
# and the same class under affine maps, keeps them there. Half the width, for one core of a CPU.
_TUNED: dict[str, Any] = {
    "width": 32,
    "noise_dim": 16,
    "z_dim": 32,
    "weight_class_generated": 0.1,
    "weight_class_encoded": 0.1,
    "weight_consistency": 1.0,
    "weight_conditional_entropy": 0.2,
    "weight_marginal_entropy": 0.4,
    "lr": 1e-3,
    "lr_discriminator": 4e-4,
    "average_decay": 0.999,
    "iterations": 4_000,
}


class InfoAEConfig(ModelConfig):
    """Learning rate, classes and the values of the weights are the paper's; everything else is our choice."""

    presets: ClassVar[Presets] = {
        "paper": {"mnist": _MNIST, "mnist-55k": _MNIST},
        "tuned": {"mnist": _TUNED, "mnist-55k": _TUNED},
    }
    preset_notes: ClassVar[Mapping[str, str]] = {"paper": "our reading of the paper", "tuned": "ours, for one CPU core"}
    default_preset: ClassVar[str] = "paper"

    batch_size: int = Field(64, ge=2, description="images per batch")
    iterations: int = Field(50_000, ge=1, description="training iterations")
    classes: int = Field(10, ge=2, description="classes of the category c")
    noise_dim: int = Field(100, ge=1, description="dimensions of the noise n, uniform on (-1, 1)")
    z_dim: int = Field(100, ge=1, description="dimensions of the autoencoder's latent")
    hidden: int = Field(1024, ge=1, description="hidden units of the latent generator and of the classifier")
    width: int = Field(64, ge=1, description="channels of the first convolution; all other layers scale with it")
    slope: float = Field(0.1, ge=0, lt=1, description="slope of the leaky ReLUs")
    weight_reconstruction: float = Field(1.0, ge=0, description="weight of the squared error per pixel")
    reconstruction: Literal["mean", "sum"] = Field(
        "mean", description="squared error of an image: mean over its pixels, or their sum"
    )
    weight_generated: float = Field(1.0, gt=0, description="weight of the adversarial loss of generated images")
    weight_reconstructed: float = Field(1.0, ge=0, description="weight of the adversarial loss of reconstructed images")
    weight_critic: float = Field(1.0, ge=0, description="weight of the adversarial loss of encoded latents")
    weight_critic_real: float = Field(
        0.0,
        ge=0,
        description="weight of the adversarial loss of the latents E(x) of real images, which S then judges, too",
    )
    weight_class_generated: float = Field(
        0.4, ge=0, description="weight of the cross-entropy of the category given the generated latent"
    )
    weight_class_encoded: float = Field(
        0.4, ge=0, description="weight of the cross-entropy of the category given the latent of the generated image"
    )
    weight_consistency: float = Field(
        0.0, ge=0, description="weight of KL(C(E(x)) || C(E(affine x))) on real images, the first held fixed"
    )
    weight_conditional_entropy: float = Field(
        0.0, ge=0, description="weight of the mean entropy of C(E(x)) on real images, minimised"
    )
    weight_marginal_entropy: float = Field(
        0.0, ge=0, description="weight of the entropy of the mean of C(E(x)) over real images, maximised"
    )
    lr: float = Field(2e-4, gt=0, description="learning rate of E, Dec, Gen and C (Adam)")
    lr_discriminator: float = Field(2e-4, gt=0, description="learning rate of Di and S (Adam)")
    betas: Betas = Field((0.5, 0.999), description="beta1 and beta2 of all Adams")
    average_decay: float | None = average_decay()
