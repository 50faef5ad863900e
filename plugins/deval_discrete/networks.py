"""The networks of VQ-VAE, from section 4.1 of the paper."""

from __future__ import annotations

from torch import Tensor, nn

from disentangle_eval.api import ImageShape


class Residual(nn.Module):
    """x + 1x1 convolution(ReLU(3x3 convolution(ReLU(x)))), all of the same channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReLU(), nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(), nn.Conv2d(channels, channels, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        sum_: Tensor = x + self.layers(x)
        return sum_


def vq_encoder(image: ImageShape, halvings: int, width: int, blocks: int, outputs: int) -> nn.Sequential:
    """(B, C, H, W) -> (B, outputs, H / 2^halvings, W / 2^halvings)."""
    layers: list[nn.Module] = []
    for number in range(halvings):
        layers += [nn.Conv2d(width if number else image.channels, width, 4, 2, padding=1), nn.ReLU()]
    layers[-1:] = [Residual(width) for _ in range(blocks)]
    return nn.Sequential(*layers, nn.ReLU(), nn.Conv2d(width, outputs, 1))


def vq_decoder(image: ImageShape, halvings: int, width: int, blocks: int, inputs: int) -> nn.Sequential:
    """(B, inputs, H / 2^halvings, W / 2^halvings) -> (B, C, H, W), any real numbers."""
    layers: list[nn.Module] = [nn.Conv2d(inputs, width, 3, padding=1), *(Residual(width) for _ in range(blocks))]
    for number in reversed(range(halvings)):
        layers += [nn.ReLU(), nn.ConvTranspose2d(width, width if number else image.channels, 4, 2, padding=1)]
    return nn.Sequential(*layers)
