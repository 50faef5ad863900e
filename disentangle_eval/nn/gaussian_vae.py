"""The variational autoencoder with a Gaussian posterior, without its loss: a base for models."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor
from torch.distributions import Normal as NormalDistribution
from torch.nn.functional import binary_cross_entropy_with_logits

from disentangle_eval.api import Draw, Group, ImageShape, Losses, Model, Optim, Player, Round, Step, Traversal
from disentangle_eval.gaussians import kl_to_standard, sample
from disentangle_eval.latents import Normal, Prior, continuous
from disentangle_eval.nn.averaging import AveragedWeights
from disentangle_eval.nn.config import GaussianVAEConfig
from disentangle_eval.nn.vae_networks import decoder, encoder, initialise

ConfigT = TypeVar("ConfigT", bound=GaussianVAEConfig)

MEMORY = 100


@dataclass(frozen=True)
class Batch:
    """A batch with the outputs of encoder and decoder.

    `mean`, `log_variance` and the sample `z` are (B, Z); `reconstruction` () and the KL of each latent to the prior,
    `kl` (Z,), are in nats, means over the batch.
    """

    mean: Tensor
    log_variance: Tensor
    z: Tensor
    reconstruction: Tensor
    kl: Tensor

    @property
    def total_kl(self) -> Tensor:
        """(), nats."""
        return self.kl.sum()

    @property
    def terms(self) -> dict[str, Tensor]:
        """The terms that every model on this base logs."""
        return {"reconstruction": self.reconstruction, "total_kl": self.total_kl, "kl": self.kl}


class GaussianVAE(AveragedWeights, Model[ConfigT]):
    """An encoder q(z|x) = N(mean(x), diag exp(log_variance(x))), a Bernoulli decoder p(x|z) and the prior N(0, I).

    A subclass adds `losses`, whose total is called `vae`; `next_batch` gives it a batch with its reconstruction error
    and KL. Encoder and decoder are the player `vae` (Adam at `cfg.lr`). With
    `disentangle_eval.nn.likelihoods.BernoulliLikelihood` before it in the list of bases a model also offers
    `log_likelihood`. The representation of an image is the posterior's mean, (B, latent_dim). `running_kl`
    (latent_dim,) follows the KL of each latent over the last training batches, so that a traversal, which sees no
    images, can sort its rows. With `cfg.average_decay` all that it offers is computed with averages of the weights.
    """

    running_kl: Tensor

    def __init__(self, cfg: ConfigT, image: ImageShape) -> None:
        super().__init__(cfg, image)
        self.prior = Prior((Normal(cfg.latent_dim),))
        self.code = continuous(cfg.latent_dim)
        self.encoder = encoder(cfg.networks, image, cfg.hidden, cfg.width, 2 * cfg.latent_dim)
        self.decoder = decoder(cfg.networks, image, cfg.hidden, cfg.width, cfg.latent_dim)
        self.register_buffer("running_kl", torch.zeros(cfg.latent_dim))
        initialise(self, cfg.init)
        self.keep_averages(cfg.average_decay, "encoder", "decoder")

    # ------------------------------------------------------------ training

    def players(self) -> Sequence[Player]:
        """The player `vae`: encoder and decoder, by Adam at `cfg.lr`."""
        return [Player("vae", (Group(self.encoder), Group(self.decoder)), Optim(lr=self.cfg.lr))]

    def rounds(self) -> Sequence[Round]:
        """One round of `losses`."""
        return [Round(self.losses, players=("vae",))]

    @abstractmethod
    def losses(self, step: Step) -> Losses:
        """The losses of one round."""

    def next_batch(self, step: Step) -> Batch:
        """The next batch through encoder and decoder."""
        x = step.images()
        return self.through(x, *self.gaussian(x), step)

    def through(self, x: Tensor, mean: Tensor, log_variance: Tensor, step: Step) -> Batch:
        """Images (B, C, H, W) with their posteriors (B, Z) each, sampled and decoded."""
        z = sample(mean, log_variance, step)
        kl = kl_to_standard(mean, log_variance).mean(dim=0)
        follow_mean(self.running_kl, kl.detach(), step.iteration)
        self.follow_weights()
        return Batch(mean, log_variance, z, reconstruction_error(self.decoder(z), x), kl)

    def gaussian(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, H, W) -> mean and log variance of q(z|x), each (B, Z)."""
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        return mean, log_variance

    # ------------------------------------------------------------ what it offers

    def encode(self, x: Tensor) -> Tensor:
        """(B, C, H, W) in [0, 1] -> the means of q(z|x), (B, latent_dim)."""
        return self._offered_gaussian(x)[0]

    def posterior(self, x: Tensor) -> NormalDistribution:
        """(B, C, H, W) in [0, 1] -> q(z|x), batch shape (B, latent_dim); its prior is standard normal."""
        mean, log_variance = self._offered_gaussian(x)
        return NormalDistribution(mean, (0.5 * log_variance).exp())

    def generate(self, z: Tensor, draw: Draw | None = None) -> Tensor:
        """(B, latent_dim) -> the decoder's means, (B, C, H, W) in [0, 1]; it has no inner noise."""
        images: Tensor = self.averaged("decoder")(z).sigmoid()
        return images

    def reconstruct(self, x: Tensor) -> Tensor:
        """(B, C, H, W) in [0, 1] -> the decoder's means at the mean of q(z|x), (B, C, H, W) in [0, 1]."""
        return self.generate(self.encode(x))

    def traversal(self, draw: Draw) -> Traversal:
        """Sweeps as wide as the prior, from the code of an image or from a sample of the prior."""
        return Traversal(
            code=self.code,
            spread=torch.ones_like(self.running_kl),
            rate=self.running_kl.clone(),
            origin=self.prior.sample,
            render=self.generate,
            encode=self.encode,
        )

    def _offered_gaussian(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """`gaussian` with averaged weights, where there are any."""
        mean, log_variance = self.averaged("encoder")(x).chunk(2, dim=1)
        return mean, log_variance


def follow_mean(average: Tensor, values: Tensor, iteration: Tensor) -> None:
    """Move `average` towards the values of an iteration, () int64, in place; all of one shape.

    It is the mean over all iterations up to iteration `MEMORY`, and then an exponential average over about as many.
    """
    average.lerp_(values, (1 / (iteration + 1)).clamp(min=1 / MEMORY))


def reconstruction_error(logits: Tensor, x: Tensor) -> Tensor:
    """-E[log p(x|z)] of a Bernoulli decoder, (B, C, H, W) each -> (): summed over pixels, mean over the batch, nats."""
    return binary_cross_entropy_with_logits(logits, x, reduction="sum") / x.shape[0]
