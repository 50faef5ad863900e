"""GILBO's encoder e(z|x), a distribution over a generator's input with a family for each part of its prior."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Beta
from torch.distributions import Normal as NormalDistribution
from torch.nn.functional import softplus

from disentangle_eval.latents import OneHot, Part, Uniform

KERNEL = 4
SLOPE = 0.2
# Beta has no density at the ends of its interval, which a uniform draw in float32 can hit.
EDGE = 2.0**-24


class Encoder(nn.Module):
    """(B, C, H, W) in [0, 1] -> the parameters of e(z|x), (B, outputs).

    Two convolutions of kernel 4 and stride 2 without padding (`width` and twice as many channels), a dense layer of 16
    `width` units, leaky ReLUs, and a dense layer. A convolution that no longer fits into the image is left out.
    Initialised as TensorFlow does, Glorot's uniform weights and biases 0.
    """

    def __init__(self, parts: Sequence[Part], image: Sequence[int], width: int) -> None:
        super().__init__()
        channels, height, breadth = image
        layers: list[nn.Module] = []
        for outputs in (width, 2 * width):
            if min(height, breadth) >= KERNEL:
                layers += [nn.Conv2d(channels, outputs, KERNEL, stride=2), nn.LeakyReLU(SLOPE)]
                channels, height, breadth = outputs, (height - KERNEL) // 2 + 1, (breadth - KERNEL) // 2 + 1
        layers += [nn.Flatten(), nn.Linear(channels * height * breadth, 16 * width), nn.LeakyReLU(SLOPE)]
        layers.append(nn.Linear(16 * width, sum(_outputs(part) for part in parts)))
        self.layers = nn.Sequential(*layers)
        for layer in layers:
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        outputs: Tensor = self.layers(x)
        return outputs


def information(parts: Sequence[Part], outputs: Tensor, z: Tensor) -> Tensor:
    """log e(z|x) - log p(z) of every independent dimension of the input, (B, D) nats in float64.

    `outputs` (B, outputs) are the encoder's, `z` (B, Z) has the parts' columns. A one-hot part is one dimension.
    """
    # In float32 the logarithm of a narrow Beta's normaliser has no digits left behind the point.
    by_part = outputs.double().split([_outputs(part) for part in parts], dim=1)
    columns = z.double().split([part.width for part in parts], dim=1)
    return torch.cat([_information(*one) for one in zip(parts, by_part, columns, strict=True)], dim=1)


def dimensions(part: Part) -> int:
    """How many independent dimensions a part has."""
    return 1 if isinstance(part, OneHot) else part.dim


def described(part: Part) -> str:
    """A part in words, such as `uniform on (-1, 1), 2 dimensions`."""
    if isinstance(part, OneHot):
        return f"one-hot, {part.classes} classes"
    if isinstance(part, Uniform):
        return f"uniform on ({part.low:g}, {part.high:g}), {part.dim} dimensions"
    return f"normal, {part.dim} dimensions"


def _outputs(part: Part) -> int:
    return part.classes if isinstance(part, OneHot) else 2 * part.dim


def _information(part: Part, outputs: Tensor, z: Tensor) -> Tensor:
    if isinstance(part, OneHot):
        return (z * outputs.log_softmax(dim=1)).sum(dim=1, keepdim=True) + math.log(part.classes)
    first, second = outputs.chunk(2, dim=1)
    if isinstance(part, Uniform):
        unit = ((z - part.low) / (part.high - part.low)).clamp(EDGE, 1 - EDGE)
        beta = Beta(1 + softplus(first - 5), 1 + softplus(second - 5), validate_args=False)
        density: Tensor = beta.log_prob(unit)
        return density
    return _normal(first, softplus(second), z) - _normal(torch.zeros_like(z), torch.ones_like(z), z)


def _normal(mean: Tensor, deviation: Tensor, z: Tensor) -> Tensor:
    density: Tensor = NormalDistribution(mean, deviation, validate_args=False).log_prob(z)
    return density
