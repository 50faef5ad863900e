"""A discriminator of latents that estimates the ratio of two densities, and a VAE that is trained together with one.

Class 0 is "drawn from the aggregate posterior q(z)", class 1 "drawn from the other distribution".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor
from torch.nn.functional import softplus

from disentangle_eval.api import Draw, Group, ImageShape, Optim, Player, Round
from disentangle_eval.nn.config import DiscriminatedVAEConfig
from disentangle_eval.nn.gaussian_vae import GaussianVAE
from disentangle_eval.nn.vae_networks import discriminator, initialise

ConfigT = TypeVar("ConfigT", bound=DiscriminatedVAEConfig)


@dataclass(frozen=True)
class Judgement:
    """The discriminator's judgement of latents from q(z) and from another distribution, each number ().

    `divergence` is its estimate of KL(q(z) || other), nats, with a gradient to z; `loss` is the discriminator's own
    loss, without one; `accuracy` is the share of latents it classifies correctly.
    """

    divergence: Tensor
    loss: Tensor
    accuracy: Tensor


class DiscriminatedVAE(GaussianVAE[ConfigT]):
    """A VAE with a discriminator as its second player. Both gradients are taken at the same weights, then both step."""

    def __init__(self, cfg: ConfigT, image: ImageShape) -> None:
        super().__init__(cfg, image)
        self.discriminator = discriminator(cfg.latent_dim, cfg.discriminator_width, cfg.discriminator_layers)
        initialise(self.discriminator, cfg.init)

    def players(self) -> Sequence[Player]:
        """The players `vae` and `discriminator`, the latter by Adam at `cfg.lr_discriminator`."""
        optim = Optim(lr=self.cfg.lr_discriminator, betas=(0.5, 0.9))
        return [*super().players(), Player("discriminator", (Group(self.discriminator),), optim)]

    def rounds(self) -> Sequence[Round]:
        """One round of `losses` for both players."""
        return [Round(self.losses, players=("vae", "discriminator"))]

    def judge(self, z: Tensor, other: Tensor) -> Judgement:
        """Latents (B, Z) from q(z), and as many from the other distribution."""
        divergence = log_ratio(self.discriminator(z)).mean()
        # Without the detach D's loss would have a gradient for the encoder, which public code adds to the encoder's.
        from_posterior, from_other = log_ratio(self.discriminator(torch.cat([z, other]).detach())).chunk(2)
        return Judgement(
            divergence, classification_loss(from_posterior, from_other), accuracy(from_posterior, from_other)
        )


def permute_dimensions(z: Tensor, draw: Draw) -> Tensor:
    """(B, Z) with each column in an order of its own: samples of prod_j q(z_j) from samples of q(z)."""
    return z.gather(0, draw.permutation(*z.shape))


def log_ratio(logits: Tensor) -> Tensor:
    """Two logits (B, 2) -> the estimate of log q(z) - log other(z), (B,) nats."""
    return logits[:, 0] - logits[:, 1]


def classification_loss(from_posterior: Tensor, from_other: Tensor) -> Tensor:
    """The mean of the two classes' cross-entropies, from the log ratios (B,) of each class's latents, nats."""
    return 0.5 * (softplus(-from_posterior).mean() + softplus(from_other).mean())


def accuracy(of_first: Tensor, of_second: Tensor) -> Tensor:
    """The mean over two classes of the share of logits (the log ratio of the first to the second) of the right sign."""
    return 0.5 * ((of_first > 0).float().mean() + (of_second < 0).float().mean())
