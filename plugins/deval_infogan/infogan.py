"""InfoGAN (Chen et al., NIPS 2016, equations 3-6)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import softplus

from deval_infogan.config import InfoGANConfig
from deval_infogan.latent_code_gan import OFFERED, LatentCodeGAN
from disentangle_eval.api import ImageShape, Losses, Round, Step
from disentangle_eval.nn.code_heads import bound_terms
from disentangle_eval.nn.density_ratio import accuracy
from disentangle_eval.nn.infogan_networks import normalise_spectrally


class InfoGAN(LatentCodeGAN[InfoGANConfig]):
    """min over G and Q, max over D of V(D, G) - lambda L_I, with L_I <= I(c; x).

    A step of D and Q, then a step of G on fresh codes and noise; lambda L_I is in the loss of both. As a bystander Q
    learns to read the codes from the features of a plain GAN's discriminator, and neither D nor G learns from it.
    """

    def __init__(self, cfg: InfoGANConfig, image: ImageShape) -> None:
        super().__init__(cfg, image, cfg.normalisation)
        if cfg.normalisation == "spectral":
            for network in (self.trunk, self.discriminator, self.reconstructor):
                normalise_spectrally(network)
        self.keep_averages(cfg.average_decay, *OFFERED)

    def rounds(self) -> Sequence[Round]:
        return [
            Round(self.discriminator_losses, players=("discriminator",)),
            Round(self.generator_losses, players=("generator",)),
        ]

    def discriminator_losses(self, step: Step) -> Losses:
        latent, fake = self._draw(step)
        features = self.trunk(self.augmented(fake, step))
        fake_logit = self.discriminator(features)
        d_fake = softplus(fake_logit).mean()
        real = self.augmented(self.inside(step.images()), step)
        real_logit = self.discriminator(self.trunk(real))
        d_real = softplus(-real_logit).mean()
        bounds = self.codes.lower_bounds(latent, self.read(features.detach() if self.cfg.bystander else features))
        return Losses(
            total={"discriminator": d_real + d_fake - self.weighted(bounds)},
            terms={
                "discriminator_real": d_real,
                "discriminator_fake": d_fake,
                "discriminator_accuracy": accuracy(real_logit, fake_logit),
                **bound_terms(self.codes, bounds),
            },
        )

    def generator_losses(self, step: Step) -> Losses:
        self.follow_weights()
        latent = self.prior.sample(step, step.batch)
        features = self.trunk(self.augmented(self.generator(latent), step))
        adversarial = softplus(-self.discriminator(features)).mean()
        total = adversarial
        if not self.cfg.bystander:
            total = adversarial - self.weighted(self.codes.lower_bounds(latent, self.read(features)))
        return Losses(total={"generator": total}, terms={"generator_adversarial": adversarial})

    def _draw(self, step: Step) -> tuple[Tensor, Tensor]:
        """Codes with noise, and images that G does not learn from."""
        latent = self.prior.sample(step, step.batch)
        with torch.no_grad():
            return latent, self.generator(latent)
