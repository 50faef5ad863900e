"""Bidirectional InfoGAN's networks, from the authors' published diagrams."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from deval_binfogan.config import Init, Network
from disentangle_eval.api import Draw
from disentangle_eval.nn.code_heads import Codes, Reading
from disentangle_eval.nn.infogan_networks import upconv


class Conv(NamedTuple):
    """A convolution, or transposed convolution; channels in units of the width."""

    channels: int
    kernel: int
    stride: int


@dataclass(frozen=True)
class Architecture:
    """Layers for square images of `side` pixels; sizes in units of the width.

    G grows `start` channels of `start_side` pixels by `upconvs`, the last of which draws the image; `same` is
    TensorFlow's padding of that name, otherwise there is none, as everywhere in E and D. `noise` are the deviations of
    the noise on D's activations: behind the first layer of a branch, and behind the others.
    """

    side: int
    start: int
    start_side: int
    upconvs: tuple[Conv, ...]
    same: bool
    encoder: tuple[Conv, ...]
    encoder_side: int
    image_branch: tuple[Conv, ...]
    image_side: int
    code_branch: tuple[int, ...]
    branch_features: int
    features: int
    noise: tuple[float, float]


ARCHITECTURES: Mapping[Network, Architecture] = {
    "mnist": Architecture(
        side=28,
        start=2,
        start_side=7,
        upconvs=(Conv(4, 4, 2), Conv(2, 4, 1), Conv(0, 4, 2)),
        same=True,
        encoder=(Conv(1, 3, 1), Conv(2, 3, 2), Conv(4, 3, 2)),
        encoder_side=5,
        image_branch=(Conv(2, 3, 2), Conv(4, 3, 2)),
        image_side=6,
        code_branch=(2, 4),
        branch_features=16,
        features=32,
        noise=(0.3, 0.5),
    ),
    "rgb32": Architecture(
        side=32,
        start=16,
        start_side=2,
        upconvs=(Conv(16, 5, 2), Conv(8, 5, 2), Conv(4, 5, 1), Conv(2, 5, 1), Conv(1, 5, 1), Conv(0, 4, 1)),
        same=False,
        encoder=(Conv(1, 3, 1), Conv(2, 3, 2), Conv(4, 3, 1), Conv(8, 3, 2), Conv(16, 3, 2)),
        encoder_side=2,
        image_branch=(Conv(2, 4, 2), Conv(4, 4, 2), Conv(8, 4, 2)),
        image_side=2,
        code_branch=(2, 4, 8),
        branch_features=32,
        features=32,
        noise=(0.0, 0.0),
    ),
}


def generator(architecture: Architecture, latent: int, channels: int, width: int) -> nn.Sequential:
    """G: (B, Z) -> (B, C, H, W) in [0, 1]."""
    start, side = width * architecture.start, architecture.start_side
    layers = [*_dense(latent, start * side**2), nn.Unflatten(1, (start, side, side))]
    inputs = start
    *upconvs, last = architecture.upconvs
    for layer in upconvs:
        outputs = width * layer.channels
        layers += [*_upconv(inputs, outputs, layer, architecture.same, bias=False), *_norm2d(outputs)]
        inputs = outputs
    return nn.Sequential(*layers, *_upconv(inputs, channels, last, architecture.same, bias=True), nn.Sigmoid())


class Encoder(nn.Module):
    """E: (B, C, H, W) -> Q(c|x) and the noise (B, N) in (-1, 1)."""

    def __init__(self, architecture: Architecture, codes: Codes, channels: int, width: int) -> None:
        super().__init__()
        self.codes = codes
        features = width * architecture.features
        self.trunk = nn.Sequential(
            *_branch(architecture.encoder, channels, width),
            _flat(width * architecture.encoder[-1].channels * architecture.encoder_side**2, features),
        )
        self.code = nn.Linear(features, codes.outputs("fixed"))
        self.noise = nn.Linear(features, codes.noise_dim)

    def forward(self, x: Tensor) -> tuple[Reading, Tensor]:
        features = self.trunk(x)
        return self.codes.read(self.code(features)), self.noise(features).tanh()


class Discriminator(nn.Module):
    """D: images (B, C, H, W) and latents (B, Z) -> logits (B, 1), with noise on its activations in train mode."""

    def __init__(self, architecture: Architecture, latent: int, channels: int, width: int) -> None:
        super().__init__()
        branch, features = width * architecture.branch_features, width * architecture.features
        code = tuple(Conv(size, 1, 1) for size in architecture.code_branch)
        self.image = nn.ModuleList(
            [
                *_branch(architecture.image_branch, channels, width),
                _flat(width * architecture.image_branch[-1].channels * architecture.image_side**2, branch),
            ]
        )
        self.code = nn.ModuleList([*_branch(code, latent, width), _flat(width * code[-1].channels, branch)])
        self.both = nn.Sequential(*_dense(2 * branch, features))
        self.logit = nn.Linear(features, 1)
        self.first, self.later = architecture.noise

    def forward(self, x: Tensor, latent: Tensor, draw: Draw) -> Tensor:
        image = self._follow(self.image, x, draw)
        code = self._follow(self.code, latent[:, :, None, None], draw)
        logit: Tensor = self.logit(self._noisy(self.both(torch.cat([image, code], dim=1)), self.later, draw))
        return logit

    def _follow(self, branch: nn.ModuleList, h: Tensor, draw: Draw) -> Tensor:
        for position, layer in enumerate(branch):
            h = self._noisy(layer(h), self.later if position else self.first, draw)
        return h

    def _noisy(self, h: Tensor, std: float, draw: Draw) -> Tensor:
        return h + std * draw.normal(*h.shape) if std and self.training else h


def initialise_generator(network: nn.Module) -> None:
    """Weights from a normal of 0.02 truncated at two deviations, biases 0."""
    for module in _weighted(network):
        nn.init.trunc_normal_(module.weight, std=0.02, a=-0.04, b=0.04)


def initialise_reader(network: nn.Module, init: Init) -> None:
    """Weights from N(0, sqrt(2 / n)), biases 0; n is what `init` says of a convolution, the inputs of a dense layer."""
    for module in _weighted(network):
        weight = module.weight
        n = weight.shape[2] if weight.dim() == 4 and init == "kernel-height" else weight[0].numel()
        nn.init.normal_(weight, std=math.sqrt(2 / n))


def _weighted(network: nn.Module) -> list[nn.Linear | nn.Conv2d | nn.ConvTranspose2d]:
    """Layers with weights, their biases set to 0."""
    found = [m for m in network.modules() if isinstance(m, nn.Linear | nn.Conv2d | nn.ConvTranspose2d)]
    for module in found:
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    return found


def _branch(layers: Sequence[Conv], inputs: int, width: int) -> list[nn.Module]:
    blocks: list[nn.Module] = []
    for channels, kernel, stride in layers:
        outputs = width * channels
        blocks += [nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, bias=False), *_norm2d(outputs))]
        inputs = outputs
    return blocks


def _upconv(inputs: int, outputs: int, layer: Conv, same: bool, bias: bool) -> list[nn.Module]:
    if same:
        return upconv(inputs, outputs, layer.stride, bias)
    return [nn.ConvTranspose2d(inputs, outputs, layer.kernel, layer.stride, bias=bias)]


def _flat(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), *_dense(inputs, outputs))


def _dense(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Linear(inputs, outputs, bias=False), nn.BatchNorm1d(outputs, eps=1e-3, momentum=1e-3), nn.ELU()]


def _norm2d(channels: int) -> list[nn.Module]:
    return [nn.BatchNorm2d(channels, eps=1e-3, momentum=1e-3), nn.ELU()]
