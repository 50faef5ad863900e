"""A VAE that is trained together with a discriminator of its latents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from disentangle_eval.api import Group, ImageShape, Optim, Player, Round
from disentangle_eval.nn.config import DiscriminatedVAEConfig
from disentangle_eval.nn.density_ratio import accuracy, classification_loss, log_ratio
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
