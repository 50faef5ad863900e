"""Small data sets of random images, generators of more of them, and a feature extractor that does not collapse."""

import warnings
from pathlib import Path

import numpy as np
import torch
from torch import nn

from disentangle_eval.api import ImageShape
from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.images import ByteImages
from disentangle_eval.latents import Normal, Prior

SIZE = 8
DIMS = 6


def byte_images(n: int, channels: int = 1, seed: int = 0, contrast: float = 1.0) -> ImageDataset:
    """Images of random levels around grey."""
    levels = 128 + contrast * np.random.default_rng(seed).uniform(-100, 100, size=(n, channels, SIZE, SIZE))
    pixels = torch.from_numpy(levels.round().clip(0, 255).astype(np.uint8))
    return ImageDataset(f"bytes-{channels}", f"{seed}-{contrast}".ljust(64, "0"), ByteImages(pixels))


class NoisyGenerator(nn.Module):
    """Images whose levels depend on z and, where it is drawn, on inner noise; `made` counts them."""

    def __init__(self, channels: int = 1, contrast: float = 1.0, noise: float = 0.1) -> None:
        super().__init__()
        self.image = ImageShape(channels, SIZE, SIZE)
        self.prior = Prior((Normal(4),))
        self.contrast = nn.Parameter(torch.tensor(contrast))
        self.noise = noise
        self.dropout = nn.Dropout()
        self.made = 0
        basis = np.random.default_rng(3).normal(size=(4, channels * SIZE * SIZE))
        self.register_buffer("basis", torch.from_numpy(basis).float())

    def generate(self, z, draw=None):
        assert not self.training
        assert not self.dropout.training
        self.made += len(z)
        inner = 0 if draw is None else self.noise * draw.normal(len(z), self.basis.shape[1])
        return (0.5 + 0.2 * self.contrast * torch.tanh(z @ self.basis + inner)).view(-1, *self.image)


class Extractor(nn.Module):
    """A convolution, Kaiming-initialised so that different images have different features."""

    def __init__(self, dims: int = DIMS, seed: int = 0) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, dims, 3, stride=2)
        weight = np.random.default_rng(seed).normal(size=self.convolution.weight.shape) * (2 / 27) ** 0.5
        with torch.no_grad():
            self.convolution.weight.copy_(torch.from_numpy(weight))
            self.convolution.bias.zero_()

    def forward(self, images):
        hidden = self.convolution(images.float() / 32)
        return hidden.relu().mean(dim=(2, 3))


def save_torchscript(path: Path, module: nn.Module) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.trace(module.eval(), torch.zeros(2, 3, SIZE, SIZE, dtype=torch.uint8)).save(path)
    return path
