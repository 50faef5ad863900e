"""What InfoGAN and InfoWGAN-GP have in common: networks, players and what they offer once trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

from deval_infogan.config import LatentCodeConfig
from disentangle_eval.api import Draw, Group, ImageShape, Model, Optim, Player, Step, Traversal
from disentangle_eval.nn.augmenting import augmented, with_noise
from disentangle_eval.nn.averaging import AveragedWeights
from disentangle_eval.nn.code_heads import Codes, LowerBounds, Reading
from disentangle_eval.nn.code_sweeps import code_traversal
from disentangle_eval.nn.infogan_networks import (
    ARCHITECTURES,
    Normalisation,
    check_sides,
    generator,
    initialise,
    q_head,
    trunk,
)

ConfigT = TypeVar("ConfigT", bound=LatentCodeConfig)

# Networks that take part in what a model offers.
OFFERED = ("generator", "trunk", "reconstructor")


class LatentCodeGAN(AveragedWeights, Model[ConfigT]):
    """G draws an image from codes and noise; Q reads the codes back on top of D's trunk.

    D's optimiser holds the trunk and the heads of D and Q, G's optimiser G alone. The representation of an image is
    the most probable class of every categorical code and Q's mean of every continuous one, (B, K).
    """

    def __init__(self, cfg: ConfigT, image: ImageShape, normalisation: Normalisation) -> None:
        super().__init__(cfg, image)
        architecture = ARCHITECTURES[cfg.network]
        check_sides(architecture, image)
        self.signed = architecture.signed
        self.codes = Codes(cfg.categorical_codes, cfg.classes, cfg.continuous_codes, cfg.noise_dim, cfg.noise_prior)
        self.prior = self.codes.prior
        self.code = self.codes.dimensions
        self.generator = generator(architecture, self.prior.dim, image, cfg.width, cfg.slope)
        self.trunk, features = trunk(architecture, image, cfg.width, cfg.slope, normalisation)
        self.discriminator = nn.Linear(features, 1)
        self.reconstructor = q_head(
            architecture, features, self.codes.outputs(cfg.std), cfg.width, cfg.slope, normalisation
        )
        initialise(self)

    def players(self) -> Sequence[Player]:
        return [
            Player(
                "discriminator",
                (Group(self.trunk), Group(self.discriminator), Group(self.reconstructor)),
                Optim(lr=self.cfg.lr_discriminator, betas=self.cfg.betas),
            ),
            Player("generator", (Group(self.generator),), Optim(lr=self.cfg.lr_generator, betas=self.cfg.betas)),
        ]

    def read(self, features: Tensor) -> Reading:
        """Q(c|x) from the trunk's features."""
        return self.codes.read(self.reconstructor(features))

    def weighted(self, bounds: LowerBounds) -> Tensor:
        """lambda L_I, with the weight of each kind of code."""
        return (
            self.cfg.lambda_categorical * bounds.categorical.sum()
            + self.cfg.lambda_continuous * bounds.continuous.sum()
        )

    def augmented(self, images: Tensor, step: Step) -> Tensor:
        """Images (B, C, H, W), real or generated, as the trunk is shown them in training."""
        return augmented(images, step, self.cfg.augment, self.cfg.image_noise)

    def inside(self, x: Tensor) -> Tensor:
        """Images in [0, 1] -> in the networks' own range."""
        return 2 * x - 1 if self.signed else x

    # ------------------------------------------------------------ what it offers

    def encode(self, x: Tensor) -> Tensor:
        return self.codes.encode(self._read_image(x))

    def class_probabilities(self, x: Tensor) -> tuple[Tensor, ...]:
        return self.codes.class_probabilities(self._read_image(x))

    def generate(self, z: Tensor, draw: Draw | None = None) -> Tensor:
        images: Tensor = self.averaged("generator")(z)
        return (images + 1) / 2 if self.signed else images

    def lower_bound(self, z: Tensor, draw: Draw, iteration: int | None = None) -> Tensor:
        """log Q(c|x) - log p(c) of every code, (B, K) nats; of an `iteration` under `image_noise`, as in training."""
        images = self.averaged("generator")(z)
        reading = self._read_signed(with_noise(images, draw, 0 if iteration is None else self.cfg.image_noise))
        return torch.cat(self.codes.lower_bounds_of_each(z, reading), dim=1)

    def traversal(self, draw: Draw) -> Traversal:
        return code_traversal(self.codes, self.generate, self._read_image, draw)

    def _read_image(self, x: Tensor) -> Reading:
        return self._read_signed(self.inside(x))

    def _read_signed(self, x: Tensor) -> Reading:
        """Images in the networks' own range, with averaged weights where there are any."""
        return self.codes.read(self.averaged("reconstructor")(self.averaged("trunk")(x)))
