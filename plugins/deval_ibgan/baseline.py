"""What the GAN and the InfoGAN of IB-GAN's study have in common: its networks without the bottleneck."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor
from torch.distributions import Normal as NormalDistribution

from deval_ibgan.bounds import lower_bound_by_dimension
from deval_ibgan.config import BaselineConfig
from deval_ibgan.game import to_signed, under_noise_of
from deval_ibgan.networks import Generator, check_size, initialise, readers
from disentangle_eval.api import Draw, ImageShape, Model, Traversal
from disentangle_eval.latents import Normal, Prior, continuous
from disentangle_eval.nn.averaging import AveragedWeights

TRAVERSAL_SAMPLES = 1024
TRAVERSAL_BATCH = 64

ConfigT = TypeVar("ConfigT", bound=BaselineConfig)


class Baseline(AveragedWeights, Model[ConfigT]):
    """Noise z, standard normal, is G's input itself, and q(z|x) = N(z_hat(x), I) reads it from the image.

    The representation of an image is z_hat, (B, z_dim).
    """

    def __init__(self, cfg: ConfigT, image: ImageShape) -> None:
        super().__init__(cfg, image)
        check_size(image)
        self.prior = Prior((Normal(cfg.z_dim),))
        self.code = continuous(cfg.z_dim)
        self.generator = Generator(cfg.z_dim, cfg.generator_width, image.channels)
        self.trunk, self.discriminator, self.reconstructor = readers(
            cfg.variant, image.channels, cfg.discriminator_width, cfg.z_dim
        )
        initialise(self, cfg.init)
        self.keep_averages(cfg.average_decay, "generator", "trunk", "reconstructor")

    def encode(self, x: Tensor) -> Tensor:
        return self._read(to_signed(x))

    def posterior(self, x: Tensor) -> NormalDistribution:
        """q(z|x), batch shape (B, z_dim); its prior is standard normal."""
        mean = self.encode(x)
        return NormalDistribution(mean, torch.ones_like(mean))

    def generate(self, z: Tensor, draw: Draw | None = None) -> Tensor:
        images: Tensor = (self.averaged("generator")(z) + 1) / 2
        return images

    def reconstruct(self, x: Tensor) -> Tensor:
        return self.generate(self.encode(x))

    def lower_bound(self, z: Tensor, draw: Draw, iteration: int | None = None) -> Tensor:
        """log q(z|x) - log p(z) per dimension, (B, Z) nats; `iteration` sets the instance noise."""
        x = under_noise_of(self.cfg, self.averaged("generator")(z), iteration, draw)
        return lower_bound_by_dimension(z, self._read(x))

    def traversal(self, draw: Draw) -> Traversal:
        """z itself. A column's rate is a lower bound on I(z_k; x): of q with the deviation that fits best."""
        z = self.prior.sample(draw, TRAVERSAL_SAMPLES)
        read = torch.cat([self.encode(self.generate(batch)) for batch in z.split(TRAVERSAL_BATCH)])
        error = (z - read).square().mean(dim=0).clamp(min=1e-12)
        return Traversal(
            code=self.code,
            spread=torch.ones_like(error),
            rate=(-0.5 * error.log()).clamp(min=0),
            origin=self.prior.sample,
            render=self.generate,
        )

    def _read(self, x: Tensor) -> Tensor:
        """The mean of q(z|x) of images in [-1, 1], (B, Z), with averaged weights where there are any."""
        mean: Tensor = self.averaged("reconstructor")(self.averaged("trunk")(x))
        return mean
