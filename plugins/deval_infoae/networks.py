"""InfoAE's networks: InfoGAN's for MNIST, and two multilayer perceptrons."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from disentangle_eval.api import ImageShape
from disentangle_eval.nn.infogan_networks import ARCHITECTURES, dense, generator, initialise, trunk

# The first and the last layer of each network are without batch normalisation.
ARCHITECTURE = replace(ARCHITECTURES["mnist"], generator_dense_norm=False)


def reader(image: ImageShape, outputs: int, width: int, slope: float) -> nn.Sequential:
    """E and Di: (B, C, H, W) -> (B, outputs)."""
    layers, features = trunk(ARCHITECTURE, image, width, slope, "batch")
    network = nn.Sequential(layers, nn.Linear(features, outputs))
    initialise(network)
    return network


def decoder(image: ImageShape, z_dim: int, width: int, slope: float) -> nn.Sequential:
    """Dec: (B, Z) -> (B, C, H, W) in [0, 1]."""
    network = generator(ARCHITECTURE, z_dim, image, width, slope)
    initialise(network)
    return network


def perceptron(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """Gen and C: two dense layers."""
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(inplace=True), nn.Linear(hidden, outputs))


class SelfCritic(nn.Module):
    """S: images (B, C, H, W) and latents (B, Z) -> logits (B, 1). The latent joins behind the convolutions."""

    def __init__(self, image: ImageShape, z_dim: int, width: int, slope: float) -> None:
        super().__init__()
        self.trunk, features = trunk(replace(ARCHITECTURE, features=0), image, width, slope, "batch")
        hidden = width * ARCHITECTURE.features
        activation = nn.LeakyReLU(slope, inplace=True)
        self.both = nn.Sequential(*dense(features + z_dim, hidden, "batch", activation), nn.Linear(hidden, 1))
        initialise(self)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        logit: Tensor = self.both(torch.cat([self.trunk(x), z], dim=1))
        return logit
