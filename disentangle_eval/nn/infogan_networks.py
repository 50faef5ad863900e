"""InfoGAN's networks, from the appendix of the paper and, for dSprites, of the FactorVAE paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from disentangle_eval.api import ImageShape
from disentangle_eval.nn.config import InfoGANNetwork

# How D and Q are normalised: as published; spectrally; or as a critic with a gradient penalty, which needs the images
# of a batch to stay independent: nothing in convolutions, layer normalisation in dense layers.
Normalisation = Literal["batch", "spectral", "layer"]


@dataclass(frozen=True)
class Layer:
    """A convolution, or transposed convolution, of kernel 4; `channels` in units of the width."""

    channels: int
    stride: int = 2
    norm: bool = True


@dataclass(frozen=True)
class Architecture:
    """The layers between image and D's logit, Q's outputs and G's input; sizes in units of the width.

    `trunk` and a dense layer of `features` are shared by D and Q; Q has a dense layer of `q_hidden` of its own. G has a
    dense layer of `generator_dense`, one onto `start` channels, and `upconvs`, after which a last one of stride 2 draws
    the image. A size of 0 leaves a layer out. `generator_dense_norm` is whether the first dense layer is normalised.
    `signed` images are in [-1, 1] inside the networks, others in [0, 1].
    """

    trunk: tuple[Layer, ...]
    features: int
    q_hidden: int
    generator_dense: int
    start: int
    upconvs: tuple[Layer, ...]
    generator_dense_norm: bool = True
    leaky_upconvs: bool = False
    signed: bool = False


_FIRST = Layer(1, norm=False)
_CHAIRS = Architecture(
    trunk=(_FIRST, Layer(2), Layer(4), Layer(4, stride=1), Layer(4, stride=1)),
    features=16,
    q_hidden=0,
    generator_dense=16,
    start=4,
    upconvs=(Layer(4, stride=1), Layer(4, stride=1), Layer(2), Layer(1)),
)
_MNIST = Architecture(
    trunk=(_FIRST, Layer(2)), features=16, q_hidden=2, generator_dense=16, start=2, upconvs=(Layer(1),)
)
ARCHITECTURES: Mapping[InfoGANNetwork, Architecture] = {
    "mnist": _MNIST,
    "rgb32": Architecture(
        trunk=(_FIRST, Layer(2), Layer(4)),
        features=0,
        q_hidden=2,
        generator_dense=0,
        start=7,
        upconvs=(Layer(4), Layer(2, norm=False), Layer(1, norm=False)),
        signed=True,
    ),
    "faces": replace(_MNIST, q_hidden=0),
    "chairs": _CHAIRS,
    "dsprites": Architecture(
        trunk=(_FIRST, Layer(1), Layer(2), Layer(2)),
        features=4,
        q_hidden=4,
        generator_dense=4,
        start=2,
        upconvs=(Layer(2), Layer(1), Layer(1)),
        leaky_upconvs=True,
    ),
    "dsprites-big": replace(_CHAIRS, q_hidden=2, leaky_upconvs=True),
}


def check_sides(architecture: Architecture, image: ImageShape) -> None:
    """ValueError where the networks cannot halve an image as often as they should."""
    factor = max(_stride(architecture.trunk), 2 * _stride(architecture.upconvs))
    if image.height % factor or image.width % factor:
        raise ValueError(
            f"sides: received {image.height} x {image.width}, expected multiples of {factor} for these networks; "
            "choose others with --network"
        )


def trunk(
    architecture: Architecture, image: ImageShape, width: int, slope: float, normalisation: Normalisation
) -> tuple[nn.Sequential, int]:
    """What D and Q share: (B, C, H, W) -> (B, features), and how many features there are."""
    layers, channels = [], image.channels
    for layer in architecture.trunk:
        batch = layer.norm and normalisation == "batch"
        layers += conv(channels, width * layer.channels, layer.stride, bias=not batch)
        channels = width * layer.channels
        layers += [nn.BatchNorm2d(channels)] if batch else []
        layers += [nn.LeakyReLU(slope, inplace=True)]
    layers += [nn.Flatten()]
    stride = _stride(architecture.trunk)
    features = channels * (image.height // stride) * (image.width // stride)
    if architecture.features:
        layers += dense(features, width * architecture.features, normalisation, nn.LeakyReLU(slope, inplace=True))
        features = width * architecture.features
    return nn.Sequential(*layers), features


def q_head(
    architecture: Architecture, features: int, outputs: int, width: int, slope: float, normalisation: Normalisation
) -> nn.Sequential:
    """(B, features) -> (B, outputs)."""
    hidden: list[nn.Module] = []
    if architecture.q_hidden:
        hidden = dense(features, width * architecture.q_hidden, normalisation, nn.LeakyReLU(slope, inplace=True))
        features = width * architecture.q_hidden
    return nn.Sequential(*hidden, nn.Linear(features, outputs))


def generator(architecture: Architecture, latent: int, image: ImageShape, width: int, slope: float) -> nn.Sequential:
    """G: (B, Z) -> (B, C, H, W), in [-1, 1] where the architecture is signed and in [0, 1] elsewhere."""
    layers: list[nn.Module] = []
    if architecture.generator_dense:
        normalisation: Normalisation | None = "batch" if architecture.generator_dense_norm else None
        layers += dense(latent, width * architecture.generator_dense, normalisation, nn.ReLU(inplace=True))
        latent = width * architecture.generator_dense
    factor = 2 * _stride(architecture.upconvs)
    channels, height, breadth = width * architecture.start, image.height // factor, image.width // factor
    layers += dense(latent, channels * height * breadth, "batch", nn.ReLU(inplace=True))
    layers += [nn.Unflatten(1, (channels, height, breadth))]
    for layer in architecture.upconvs:
        layers += upconv(channels, width * layer.channels, layer.stride, bias=not layer.norm)
        channels = width * layer.channels
        layers += [nn.BatchNorm2d(channels)] if layer.norm else []
        layers += [nn.LeakyReLU(slope, inplace=True) if architecture.leaky_upconvs else nn.ReLU(inplace=True)]
    layers += upconv(channels, image.channels, stride=2, bias=True)
    return nn.Sequential(*layers, nn.Tanh() if architecture.signed else nn.Sigmoid())


def dense(inputs: int, outputs: int, normalisation: Normalisation | None, activation: nn.Module) -> list[nn.Module]:
    """A dense layer, its normalisation and its activation."""
    layers: list[nn.Module] = [nn.Linear(inputs, outputs, bias=normalisation != "batch")]
    if normalisation == "batch":
        layers += [nn.BatchNorm1d(outputs)]
    elif normalisation == "layer":
        layers += [nn.LayerNorm(outputs)]
    return [*layers, activation]


def initialise(network: nn.Module) -> None:
    """Convolutions from a normal of 0.02 truncated at two deviations, dense and transposed layers from N(0, 0.02).

    Scales of batch normalisation from N(1, 0.02), biases 0.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.trunc_normal_(module.weight, std=0.02, a=-0.04, b=0.04)
        elif isinstance(module, nn.Linear | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, std=0.02)
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.normal_(module.weight, mean=1.0, std=0.02)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def normalise_spectrally(network: nn.Module) -> None:
    """Divide the weights of every convolution and dense layer by their largest singular value, in every forward."""
    for module in list(network.modules()):
        if isinstance(module, nn.Conv2d | nn.Linear):
            spectral_norm(module)


def conv(inputs: int, outputs: int, stride: int, bias: bool) -> list[nn.Module]:
    """Kernel 4 with TensorFlow's SAME padding: at stride 1, one row before and two after."""
    if stride == 2:
        return [nn.Conv2d(inputs, outputs, 4, 2, padding=1, bias=bias)]
    return [nn.ZeroPad2d((1, 2, 1, 2)), nn.Conv2d(inputs, outputs, 4, 1, bias=bias)]


def upconv(inputs: int, outputs: int, stride: int, bias: bool) -> list[nn.Module]:
    """The transpose of `conv`; at stride 1 the last row and column, which padding on both sides leaves, are cut."""
    layers: list[nn.Module] = [nn.ConvTranspose2d(inputs, outputs, 4, stride, padding=1, bias=bias)]
    return layers if stride == 2 else [*layers, nn.ZeroPad2d((0, -1, 0, -1))]


def _stride(layers: tuple[Layer, ...]) -> int:
    """How many times smaller an image is after these layers."""
    total = 1
    for layer in layers:
        total *= layer.stride
    return total
