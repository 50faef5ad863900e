"""Networks of VAEs: four pairs of encoder and decoder, and the discriminator of latents."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from torch import nn

from disentangle_eval.api import ImageShape
from disentangle_eval.nn.config import Init, Networks
from disentangle_eval.nn.layers import dense_norm, upconv_norm

CHANNELS = (32, 32, 64, 64)
KERNELS = {"kim-mnih": (4, 4, 4, 4), "locatello": (4, 4, 2, 2)}
SHRINK = 2 ** len(CHANNELS)
LOCATELLO_HIDDEN = 256
MLP_HIDDEN = 1200
SLOPE = 0.2


def encoder(
    networks: Networks, image: ImageShape, hidden: int, width: int, outputs: int, channels: tuple[int, ...] = CHANNELS
) -> nn.Sequential:
    """(B, C, H, W) -> (B, outputs). `hidden` holds for `kim-mnih` alone, `width` for `ibgan`.

    `channels` are those of the convolutions of `kim-mnih` and `locatello`, each of which halves the image.
    """
    if networks == "ibgan":
        return _generator_mirrored(image, width, outputs)
    if networks == "mlp":
        dense = _dense((math.prod(image), MLP_HIDDEN, MLP_HIDDEN), nn.ReLU)
        return nn.Sequential(nn.Flatten(), *dense, nn.Linear(MLP_HIDDEN, outputs))
    convolutions: list[nn.Module] = []
    kernels = KERNELS[networks][: len(channels)]
    for (before, after), kernel in zip(pairwise((image.channels, *channels)), kernels, strict=True):
        convolutions += [nn.Conv2d(before, after, kernel, 2, padding=kernel // 2 - 1), nn.ReLU(inplace=True)]
    widths = (math.prod(_innermost(image, channels)), _hidden(networks, hidden))
    return nn.Sequential(
        *_padding(_margins(image, 2 ** len(channels))),
        *convolutions,
        nn.Flatten(),
        *_dense(widths, nn.ReLU),
        nn.Linear(widths[-1], outputs),
    )


def decoder(
    networks: Networks, image: ImageShape, hidden: int, width: int, inputs: int, channels: tuple[int, ...] = CHANNELS
) -> nn.Sequential:
    """(B, inputs) -> logits (B, C, H, W). `hidden` holds for `kim-mnih` alone, `width` for `ibgan`.

    `channels` are those that an encoder would have, in its order.
    """
    if networks == "ibgan":
        return _generator(image, width, inputs)
    if networks == "mlp":
        pixels = nn.Linear(MLP_HIDDEN, math.prod(image))
        return nn.Sequential(*_dense((inputs, *[MLP_HIDDEN] * 3), nn.Tanh), pixels, nn.Unflatten(1, tuple(image)))
    innermost = _innermost(image, channels)
    upconvolutions: list[nn.Module] = []
    for before, after in pairwise((*reversed(channels), image.channels)):
        upconvolutions += [nn.ConvTranspose2d(before, after, 4, 2, padding=1), nn.ReLU(inplace=True)]
    return nn.Sequential(
        *_dense((inputs, _hidden(networks, hidden), math.prod(innermost)), nn.ReLU),
        nn.Unflatten(1, tuple(innermost)),
        *upconvolutions[:-1],
        *_padding([-margin for margin in _margins(image, 2 ** len(channels))]),
    )


def _generator(image: ImageShape, width: int, inputs: int) -> nn.Sequential:
    """IB-GAN's generator up to its last convolution, whose outputs are logits here."""
    inner = _eighth(image, 4 * width)
    return nn.Sequential(
        *dense_norm(inputs, 16 * width),
        *dense_norm(16 * width, math.prod(inner)),
        nn.Unflatten(1, tuple(inner)),
        *upconv_norm(4 * width, 4 * width, kernel=3, stride=1),
        *upconv_norm(4 * width, 4 * width, kernel=3, stride=1),
        *upconv_norm(4 * width, 2 * width, kernel=4, stride=2),
        *upconv_norm(2 * width, width, kernel=4, stride=2),
        nn.ConvTranspose2d(width, image.channels, 4, 2, padding=1),
        *_padding([-margin for margin in _margins(image)]),
    )


def _generator_mirrored(image: ImageShape, width: int, outputs: int) -> nn.Sequential:
    """The layers of IB-GAN's generator in reverse, each transposed convolution a convolution."""
    channels = (image.channels, width, 2 * width, 4 * width, 4 * width, 4 * width)
    convolutions: list[nn.Module] = []
    for (before, after), (kernel, stride) in zip(pairwise(channels), [(4, 2)] * 3 + [(3, 1)] * 2, strict=True):
        convolution = nn.Conv2d(before, after, kernel, stride, padding=1, bias=False)
        convolutions += [convolution, nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
    return nn.Sequential(
        *_padding(_margins(image)),
        *convolutions,
        nn.Flatten(),
        *dense_norm(math.prod(_eighth(image, 4 * width)), 16 * width),
        nn.Linear(16 * width, outputs),
    )


def discriminator(latent_dim: int, width: int, layers: int) -> nn.Sequential:
    """(B, Z) -> two logits (B, 2)."""
    widths = (latent_dim, *[width] * layers)
    return nn.Sequential(*_dense(widths, lambda: nn.LeakyReLU(SLOPE)), nn.Linear(width, 2))


def initialise(network: nn.Module, init: Init) -> None:
    """PyTorch's own initialisation, or N(0, 0.02) and biases 0 in convolutions and dense layers, but not in transposed
    convolutions.
    """
    if init == "default":
        return
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            nn.init.normal_(module.weight, std=0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def _dense(widths: Sequence[int], activation: Callable[[], nn.Module]) -> list[nn.Module]:
    """Dense layers from each width to the next, with an activation after each."""
    return [layer for before, after in pairwise(widths) for layer in (nn.Linear(before, after), activation())]


def _hidden(networks: Networks, hidden: int) -> int:
    return LOCATELLO_HIDDEN if networks == "locatello" else hidden


def _margins(image: ImageShape, shrink: int = SHRINK) -> list[int]:
    """Pixels left, right, above and below that make both sides multiples of `shrink`."""
    missing = [-side % shrink for side in (image.width, image.height)]
    return [margin for extra in missing for margin in (extra // 2, extra - extra // 2)]


def _padding(margins: Sequence[int]) -> list[nn.Module]:
    """Zeros around an image; negative margins crop it."""
    left, right, top, bottom = margins
    return [nn.ZeroPad2d((left, right, top, bottom))] if any(margins) else []


def _eighth(image: ImageShape, channels: int) -> ImageShape:
    """The framed image halved three times."""
    _, height, width = _innermost(image)
    return ImageShape(channels, 2 * height, 2 * width)


def _innermost(image: ImageShape, channels: tuple[int, ...] = CHANNELS) -> ImageShape:
    """What the last convolution puts out."""
    height, width = (-(-side // 2 ** len(channels)) for side in (image.height, image.width))
    return ImageShape(channels[-1], height, width)
