"""IB-GAN's networks for 64 x 64 images, from the authors' published description of their code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from torch import Tensor, nn
from torch.nn.functional import linear

from disentangle_eval.api import ImageShape
from disentangle_eval.nn.layers import dense_norm, upconv_norm

SLOPE = 0.2


def conv_norm(inputs: int, outputs: int, kernel: int, stride: int, padding: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False), *norm(outputs)]


def whole_image_norm(inputs: int, outputs: int, kernel: int, bias: bool = False) -> list[nn.Module]:
    return [WholeImageConv(inputs, outputs, kernel, bias=bias), *norm(outputs)]


def norm(outputs: int) -> list[nn.Module]:
    return [
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(SLOPE, inplace=True),
    ]


class WholeImageConv(nn.Conv2d):
    """A convolution whose kernel covers its whole input, computed as the dense layer that it is.

    (B, C, K, K) -> (B, C', 1, 1). On a CPU the convolution itself takes six times as long.
    """

    # What placing a model replaces on CPUs with a faster product.
    multiply: Callable[[Tensor, Tensor, Tensor | None], Tensor] = staticmethod(linear)

    def forward(self, x: Tensor) -> Tensor:
        # Channels last, as weights and images are laid out, so that neither is copied.
        rows, kernels = (tensor.permute(0, 2, 3, 1).flatten(1) for tensor in (x, self.weight))
        return self.multiply(rows, kernels, self.bias)[:, :, None, None]


class BottleneckEncoder(nn.Module):
    """e(r|z): (B, Z) -> mean and log variance of r, each (B, R)."""

    def __init__(self, z_dim: int, r_dim: int, variant: Literal["small", "big"]) -> None:
        super().__init__()
        if variant == "small":
            hidden = [nn.Linear(z_dim, 32), nn.ReLU(inplace=True), nn.Linear(32, 32), nn.ReLU(inplace=True)]
        else:
            hidden = [*dense_norm(z_dim, 64), *dense_norm(64, 64), *dense_norm(64, 32)]
        self.layers = nn.Sequential(*hidden, nn.Linear(32, 2 * r_dim))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.layers(z).chunk(2, dim=1)
        return mean, log_variance


class Generator(nn.Module):
    """G: (B, R) -> images (B, C, 64, 64) in [-1, 1]."""

    def __init__(self, r_dim: int, width: int, channels: int) -> None:
        super().__init__()
        self.dense = nn.Sequential(*dense_norm(r_dim, 16 * width), *dense_norm(16 * width, 8 * 8 * 4 * width))
        self.unflatten = nn.Unflatten(1, (4 * width, 8, 8))
        self.conv = nn.Sequential(
            *upconv_norm(4 * width, 4 * width, kernel=3, stride=1),
            *upconv_norm(4 * width, 4 * width, kernel=3, stride=1),
            *upconv_norm(4 * width, 2 * width, kernel=4, stride=2),
            *upconv_norm(2 * width, width, kernel=4, stride=2),
            nn.ConvTranspose2d(width, channels, 4, 2, padding=1),
            nn.Tanh(),
        )

    def forward(self, r: Tensor) -> Tensor:
        images: Tensor = self.conv(self.unflatten(self.dense(r)))
        return images


def check_size(image: ImageShape) -> None:
    """ValueError for images that are not 64 x 64."""
    if image[1:] != (64, 64):
        raise ValueError(f"IB-GAN draws 64 x 64 images, received {image.height} x {image.width}")


def readers(
    variant: Literal["small", "big"], channels: int, width: int, z_dim: int
) -> tuple[nn.Module, nn.Sequential, nn.Sequential]:
    """The trunk, D and q, both of which read its features: in "small" the trunk is empty and each has its own."""
    if variant == "small":
        return nn.Identity(), discriminator_small(channels, width), reconstructor_small(channels, width, z_dim)
    return trunk(channels, width), head_big(width, 1), head_big(width, z_dim)


def trunk(channels: int, width: int) -> nn.Sequential:
    """(B, C, 64, 64) -> (B, 4 width, 8, 8)."""
    return nn.Sequential(
        nn.Conv2d(channels, width, 4, 2, padding=1),
        nn.LeakyReLU(SLOPE, inplace=True),
        *conv_norm(width, 2 * width, kernel=4, stride=2, padding=1),
        *conv_norm(2 * width, 4 * width, kernel=4, stride=2, padding=1),
    )


def discriminator_small(channels: int, width: int) -> nn.Sequential:
    """D with a trunk of its own: (B, C, 64, 64) -> logit (B, 1)."""
    return nn.Sequential(trunk(channels, width), *_collapse(width), WholeImageConv(16 * width, 1, 1), nn.Flatten())


def reconstructor_small(channels: int, width: int, z_dim: int) -> nn.Sequential:
    """q with a trunk of its own: (B, C, 64, 64) -> mean of z (B, Z)."""
    return nn.Sequential(
        trunk(channels, width),
        *_collapse(width),
        *whole_image_norm(16 * width, 16 * width, kernel=1, bias=True),
        WholeImageConv(16 * width, z_dim, 1),
        nn.Flatten(),
    )


def head_big(width: int, outputs: int) -> nn.Sequential:
    """A head on the shared trunk: (B, 4 width, 8, 8) -> (B, outputs)."""
    return nn.Sequential(
        *conv_norm(4 * width, 4 * width, kernel=3, stride=1, padding=1),
        *conv_norm(4 * width, 4 * width, kernel=3, stride=1, padding=1),
        *whole_image_norm(4 * width, 16 * width, kernel=8),
        WholeImageConv(16 * width, outputs, 1),
        nn.Flatten(),
    )


def _collapse(width: int) -> list[nn.Module]:
    return [
        *conv_norm(4 * width, 8 * width, kernel=3, stride=1, padding=1),
        *whole_image_norm(8 * width, 16 * width, kernel=8),
    ]


def initialise(network: nn.Module, init: Literal["normal", "orthogonal"]) -> None:
    """Weights from N(0, 0.02) or orthogonal, biases 0; batch normalisation keeps scale 1 and shift 0."""
    fill: Callable[[Tensor], Tensor] = (
        nn.init.orthogonal_ if init == "orthogonal" else lambda weight: nn.init.normal_(weight, std=0.02)
    )
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            fill(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
