"""JointVAE (Dupont, 2018): categorical and Gaussian latents, with a capacity for each kind."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.distributions import Independent, OneHotCategorical
from torch.distributions import Normal as NormalDistribution
from torch.nn.functional import one_hot

from deval_discrete.config import JointVAEConfig
from disentangle_eval.api import Draw, Group, ImageShape, Losses, Model, Optim, Player, Round, Step, Traversal
from disentangle_eval.gaussians import kl_to_standard, sample
from disentangle_eval.latents import Categorical, Normal, OneHot, Prior, continuous
from disentangle_eval.nn.averaging import AveragedWeights
from disentangle_eval.nn.categorical import ProductDistribution, kl_to_uniform, sample_concrete
from disentangle_eval.nn.gaussian_vae import follow_mean, reconstruction_error
from disentangle_eval.nn.likelihoods import BernoulliLikelihood
from disentangle_eval.nn.vae_networks import CHANNELS, decoder, encoder

# Channels of the convolutions for images of at most 32 x 32, and their order in the decoder, read backwards.
SMALL_SIDE = 32
SMALL_ENCODER = (32, 64, 64)
SMALL_DECODER = (32, 32, 64)


class JointPosterior(NamedTuple):
    """q(c, z|x): logits of each categorical latent (B, classes), mean and log variance of the Gaussian one (B, Z)."""

    logits: tuple[Tensor, ...]
    mean: Tensor
    log_variance: Tensor


class JointVAE(BernoulliLikelihood, AveragedWeights, Model[JointVAEConfig]):
    """Minimises R + gamma |KL(q(z|x) || p(z)) - C_z(t)| + gamma |KL(q(c|x) || p(c)) - C_c(t)| (equation 7).

    R is the reconstruction error. Training draws relaxed one-hot vectors c; everywhere else they are one-hot. A latent
    (B, `prior.dim`) is c, then z; the representation of an image is the most probable class of each categorical
    latent, then the mean of z, (B, K). `running_kl` (K,) follows the KL of each column over the last training batches.
    """

    running_kl: Tensor

    def __init__(self, cfg: JointVAEConfig, image: ImageShape) -> None:
        super().__init__(cfg, image)
        self.prior = Prior((*(OneHot(classes) for classes in cfg.classes), Normal(cfg.latent_dim)))
        self.code = (*(Categorical(classes) for classes in cfg.classes), *continuous(cfg.latent_dim))
        small = max(image.height, image.width) <= SMALL_SIDE
        down, up = (SMALL_ENCODER, SMALL_DECODER) if small else (CHANNELS, CHANNELS)
        outputs = sum(cfg.classes) + 2 * cfg.latent_dim
        self.encoder = encoder("kim-mnih", image, cfg.hidden, 0, outputs, down)
        self.decoder = decoder("kim-mnih", image, cfg.hidden, 0, self.prior.dim, up)
        self.register_buffer("running_kl", torch.zeros(len(self.code)))
        self.keep_averages(cfg.average_decay, "encoder", "decoder")

    # ------------------------------------------------------------ training

    def players(self) -> Sequence[Player]:
        return [Player("vae", (Group(self.encoder), Group(self.decoder)), Optim(lr=self.cfg.lr))]

    def rounds(self) -> Sequence[Round]:
        return [Round(self.losses, players=("vae",))]

    def losses(self, step: Step) -> Losses:
        self.follow_weights()
        x = step.images()
        q = self.split(self.encoder(x))
        relaxed = [sample_concrete(logits, self.cfg.temperature, step) for logits in q.logits]
        z = sample(q.mean, q.log_variance, step)
        reconstruction = reconstruction_error(self.decoder(torch.cat([*relaxed, z], dim=1)), x)
        categorical = torch.stack([kl_to_uniform(logits).mean() for logits in q.logits])
        continuous = kl_to_standard(q.mean, q.log_variance).mean(dim=0)
        capacity, capacity_categorical = capacities(self.cfg, step.iteration)
        kl = torch.cat([categorical, continuous])
        follow_mean(self.running_kl, kl.detach(), step.iteration)
        distance = (continuous.sum() - capacity).abs() + (categorical.sum() - capacity_categorical).abs()
        return Losses(
            total={"vae": reconstruction + self.cfg.gamma * distance},
            terms={
                "reconstruction": reconstruction,
                "total_kl": kl.sum(),
                "kl": kl,
                "kl_categorical": categorical.sum(),
                "kl_continuous": continuous.sum(),
                "capacity": capacity,
                "capacity_categorical": capacity_categorical,
            },
        )

    def split(self, outputs: Tensor) -> JointPosterior:
        """The encoder's outputs as q(c, z|x)."""
        sizes = [*self.cfg.classes, self.cfg.latent_dim, self.cfg.latent_dim]
        *logits, mean, log_variance = outputs.split(sizes, dim=1)
        return JointPosterior(tuple(logits), mean, log_variance)

    # ------------------------------------------------------------ what it offers

    def read(self, x: Tensor) -> JointPosterior:
        """Images (B, C, H, W) -> q(c, z|x)."""
        return self.split(self.averaged("encoder")(x))

    def encode(self, x: Tensor) -> Tensor:
        q = self.read(x)
        classes = [logits.argmax(dim=1, keepdim=True).to(q.mean.dtype) for logits in q.logits]
        return torch.cat([*classes, q.mean], dim=1)

    def class_probabilities(self, x: Tensor) -> tuple[Tensor, ...]:
        return tuple(logits.softmax(dim=1) for logits in self.read(x).logits)

    def posterior(self, x: Tensor) -> ProductDistribution:
        """q(c, z|x) over one-hot vectors and real numbers, event shape (`prior.dim`,)."""
        q = self.read(x)
        gaussian = NormalDistribution(q.mean, (0.5 * q.log_variance).exp())
        return ProductDistribution(
            [*(OneHotCategorical(logits=logits) for logits in q.logits), Independent(gaussian, 1)]
        )

    def generate(self, z: Tensor, draw: Draw | None = None) -> Tensor:
        """The decoder's means; it has no inner noise."""
        images: Tensor = self.averaged("decoder")(z).sigmoid()
        return images

    def reconstruct(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))

    def decode(self, code: Tensor) -> Tensor:
        """Codes (B, K) -> the images of the nearest classes and of the numbers."""
        return self.generate(self.latent(code))

    def latent(self, code: Tensor) -> Tensor:
        """A code (B, K) as an input of the decoder, (B, `prior.dim`)."""
        *classes, mean = code.split([*[1] * len(self.cfg.classes), self.cfg.latent_dim], dim=1)
        hot = [
            one_hot(column[:, 0].round().clamp(0, size - 1).long(), size).to(code.dtype)
            for column, size in zip(classes, self.cfg.classes, strict=True)
        ]
        return torch.cat([*hot, mean], dim=1)

    def traversal(self, draw: Draw) -> Traversal:
        """Every class, and sweeps as wide as the prior, from the code of an image or from a sample of the prior."""

        def origin(draw: Draw, n: int) -> Tensor:
            *hot, mean = self.prior.sample(draw, n).split([*self.cfg.classes, self.cfg.latent_dim], dim=1)
            return torch.cat([*(one.argmax(dim=1, keepdim=True).to(mean.dtype) for one in hot), mean], dim=1)

        spread = [math.sqrt((classes**2 - 1) / 12) for classes in self.cfg.classes] + [1.0] * self.cfg.latent_dim
        return Traversal(
            code=self.code,
            spread=self.running_kl.new_tensor(spread),
            rate=self.running_kl.clone(),
            origin=origin,
            render=self.decode,
            encode=self.encode,
        )


def capacities(cfg: JointVAEConfig, iteration: Tensor) -> tuple[Tensor, Tensor]:
    """C_z(t) and C_c(t), () nats: linear from 0 at the first iteration to their ends, constant afterwards.

    C_c stays at the most that categorical latents can hold, the sum of the logarithms of their classes.
    """
    share = (iteration / cfg.capacity_iterations).clamp(max=1)
    ceiling = sum(math.log(classes) for classes in cfg.classes)
    return cfg.capacity * share, (cfg.capacity_categorical * share).clamp(max=ceiling)
