"""InfoWGAN-GP: InfoGAN with the loss of Gulrajani et al. (2017), as compared with in the FactorVAE paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from deval_infogan.config import InfoWGANGPConfig
from deval_infogan.latent_code_gan import OFFERED, LatentCodeGAN
from disentangle_eval.api import ImageShape, Losses, Round, Step
from disentangle_eval.nn.code_heads import bound_terms
from disentangle_eval.nn.input_gradients import input_gradient


class InfoWGANGP(LatentCodeGAN[InfoWGANGPConfig]):
    """D is a critic: no batch normalisation, and a gradient of norm 1 between real and generated images.

    `critic_steps` steps of D and Q, each on fresh images, codes and noise, then one step of G; lambda L_I is in the
    loss of both.
    """

    def __init__(self, cfg: InfoWGANGPConfig, image: ImageShape) -> None:
        super().__init__(cfg, image, "layer")
        self.keep_averages(cfg.average_decay, *OFFERED)

    def rounds(self) -> Sequence[Round]:
        return [
            Round(self.critic_losses, players=("discriminator",), repeats=self.cfg.critic_steps),
            Round(self.generator_losses, players=("generator",)),
        ]

    def critic_losses(self, step: Step) -> Losses:
        latent = self.prior.sample(step, step.batch)
        with torch.no_grad():
            fake = self.augmented(self.generator(latent), step)
        real = self.augmented(self.inside(step.images()), step)
        features = self.trunk(fake)
        on_fake = self.discriminator(features).mean()
        on_real = self.criticise(real).mean()
        penalty = gradient_penalty(self.criticise, real, fake, step.uniform(step.batch, 1, 1, 1))
        bounds = self.codes.lower_bounds(latent, self.read(features))
        return Losses(
            total={"discriminator": on_fake - on_real + self.cfg.penalty * penalty - self.weighted(bounds)},
            terms={
                "critic_real": on_real,
                "critic_fake": on_fake,
                "gradient_penalty": penalty,
                **bound_terms(self.codes, bounds),
            },
        )

    def generator_losses(self, step: Step) -> Losses:
        self.follow_weights()
        latent = self.prior.sample(step, step.batch)
        features = self.trunk(self.augmented(self.generator(latent), step))
        adversarial = -self.discriminator(features).mean()
        bounds = self.codes.lower_bounds(latent, self.read(features))
        return Losses(
            total={"generator": adversarial - self.weighted(bounds)}, terms={"generator_adversarial": adversarial}
        )

    def criticise(self, images: Tensor) -> Tensor:
        """(B, C, H, W) in the networks' own range -> (B, 1)."""
        values: Tensor = self.discriminator(self.trunk(images))
        return values


def gradient_penalty(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, share: Tensor) -> Tensor:
    """Mean of (|gradient of the critic| - 1)^2 at share * real + (1 - share) * fake, a () tensor with a graph.

    The norm is over all pixels of an image. `share` is (B, 1, 1, 1).
    """
    between = (share * real + (1 - share) * fake).detach().requires_grad_()
    norm: Tensor = input_gradient(critic(between), between).flatten(1).norm(dim=1)
    return (norm - 1).square().mean()
