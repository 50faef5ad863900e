"""Bidirectional InfoGAN (Hinz & Wermter, ESANN 2018)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import softplus

from deval_binfogan.config import BidirectionalInfoGANConfig
from deval_binfogan.networks import (
    ARCHITECTURES,
    Discriminator,
    Encoder,
    generator,
    initialise_generator,
    initialise_reader,
)
from disentangle_eval.api import (
    Draw,
    Group,
    ImageShape,
    Losses,
    Model,
    Optim,
    Player,
    PolynomialDecay,
    Round,
    Step,
    Traversal,
)
from disentangle_eval.nn.augmenting import augmented, with_noise
from disentangle_eval.nn.averaging import AveragedWeights
from disentangle_eval.nn.code_heads import Codes, Reading, bound_terms
from disentangle_eval.nn.code_sweeps import code_traversal


class BidirectionalInfoGAN(AveragedWeights, Model[BidirectionalInfoGANConfig]):
    """D judges pairs: an image with what E reads from it, and a drawn image with what G was given.

    max over D, min over G and E of E[log D(x, E(x))] + E[log(1 - D(G(z, c), (z, c)))], while E reads the codes c back
    from G(z, c), not the noise z. Both players step on one forward pass. The representation of an image is E's most
    probable class of every categorical code and its value of every continuous one, (B, K).
    """

    def __init__(self, cfg: BidirectionalInfoGANConfig, image: ImageShape) -> None:
        super().__init__(cfg, image)
        architecture = ARCHITECTURES[cfg.network]
        if image[1:] != (architecture.side, architecture.side):
            raise ValueError(
                f"received {image.height} x {image.width}, expected 28 x 28 with --network mnist or 32 x 32 with "
                f"--network rgb32 (here it is {cfg.network})"
            )
        self.codes = Codes(cfg.categorical_codes, cfg.classes, cfg.continuous_codes, cfg.noise_dim)
        self.prior = self.codes.prior
        self.code = self.codes.dimensions
        self.generator = generator(architecture, self.prior.dim, image.channels, cfg.width)
        self.encoder = Encoder(architecture, self.codes, image.channels, cfg.width)
        self.discriminator = Discriminator(architecture, self.prior.dim, image.channels, cfg.width)
        initialise_generator(self.generator)
        initialise_reader(self.encoder, cfg.init)
        initialise_reader(self.discriminator, cfg.init)
        self.keep_averages(cfg.average_decay, "generator", "encoder")

    # ------------------------------------------------------------ training

    def players(self) -> Sequence[Player]:
        cfg = self.cfg
        iterations = cfg.decay_iterations or cfg.iterations
        decay = PolynomialDecay(iterations=iterations, final=cfg.decay_final, power=cfg.decay_power)
        return [
            Player(
                "discriminator",
                (Group(self.discriminator),),
                Optim(lr=cfg.lr_discriminator, betas=cfg.betas, schedule=decay),
            ),
            Player(
                "generator",
                (Group(self.generator), Group(self.encoder)),
                Optim(lr=cfg.lr_generator, betas=cfg.betas, schedule=decay),
            ),
        ]

    def rounds(self) -> Sequence[Round]:
        return [Round(self.losses, players=("discriminator", "generator"))]

    def losses(self, step: Step) -> Losses:
        self.follow_weights()
        latent = self.prior.sample(step, step.batch)
        fake = self._augmented(self.generator(latent), step)
        real = self._augmented(step.images(), step)
        fake_logit = self.discriminator(fake, latent, step)
        real_logit = self.discriminator(real, self.infer(real), step)
        d_real, d_fake = softplus(-real_logit).mean(), softplus(fake_logit).mean()
        g_adversarial, e_adversarial = softplus(-fake_logit).mean(), softplus(real_logit).mean()
        bounds = self.codes.lower_bounds(latent, self.encoder(fake)[0])
        terms = bound_terms(self.codes, bounds)
        # The published losses of the codes: cross-entropy and Gaussian log density, without H(c).
        share = self.cfg.continuous_share
        bound = bounds.categorical.sum() + share * bounds.continuous.sum()
        entropy = self.codes.categorical * math.log(self.codes.classes) + share * self.codes.continuous * math.log(2)
        code_loss = entropy - bound
        return Losses(
            total={
                "discriminator": d_real + d_fake,
                "generator": g_adversarial + e_adversarial + self.cfg.lambda_ * code_loss,
            },
            terms={
                "discriminator_real": d_real,
                "discriminator_fake": d_fake,
                "generator_adversarial": g_adversarial,
                "encoder_adversarial": e_adversarial,
                **terms,
            },
        )

    def _augmented(self, images: Tensor, step: Step) -> Tensor:
        """Images (B, C, H, W), real or generated, as D and E are shown them."""
        return augmented(images, step, self.cfg.augment, self.cfg.image_noise)

    def infer(self, x: Tensor) -> Tensor:
        """E(x) as an input of G, (B, Z): class probabilities in place of one-hot codes."""
        return as_latent(*self.encoder(x))

    # ------------------------------------------------------------ what it offers

    def encode(self, x: Tensor) -> Tensor:
        return self.codes.encode(self._read(x))

    def class_probabilities(self, x: Tensor) -> tuple[Tensor, ...]:
        return self.codes.class_probabilities(self._read(x))

    def generate(self, z: Tensor, draw: Draw | None = None) -> Tensor:
        images: Tensor = self.averaged("generator")(z)
        return images

    def reconstruct(self, x: Tensor) -> Tensor:
        return self.generate(as_latent(*self.averaged("encoder")(x)))

    def lower_bound(self, z: Tensor, draw: Draw, iteration: int | None = None) -> Tensor:
        """log Q(c|x) - log p(c) of every code, (B, K) nats; of an `iteration` under `image_noise`, as in training."""
        images = with_noise(self.generate(z), draw, 0 if iteration is None else self.cfg.image_noise)
        return torch.cat(self.codes.lower_bounds_of_each(z, self._read(images)), dim=1)

    def traversal(self, draw: Draw) -> Traversal:
        return code_traversal(self.codes, self.generate, self._read, draw)

    def _read(self, x: Tensor) -> Reading:
        reading: Reading = self.averaged("encoder")(x)[0]
        return reading


def as_latent(reading: Reading, noise: Tensor) -> Tensor:
    """What E reads of an image as an input of G, (B, Z): class probabilities in place of one-hot codes."""
    return torch.cat([reading.logits.softmax(dim=2).flatten(1), reading.mean, noise], dim=1)
