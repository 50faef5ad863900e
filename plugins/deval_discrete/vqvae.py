"""VQ-VAE (van den Oord, Vinyals, Kavukcuoglu, 2017): codes are entries of a codebook, one per place of a grid."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.distributions import OneHotCategorical
from torch.nn.functional import one_hot

from deval_discrete.config import VQVAEConfig
from deval_discrete.networks import vq_decoder, vq_encoder
from disentangle_eval.api import Draw, Group, ImageShape, Losses, Model, Optim, Player, Round, Step
from disentangle_eval.gaussians import log_density
from disentangle_eval.latents import Categorical, OneHot, Prior
from disentangle_eval.nn.categorical import ProductDistribution

# How many vectors of the codebook a run's picture shows, and in how many columns.
PICTURED = 64
PICTURED_COLUMNS = 8


class Quantised(NamedTuple):
    """The nearest vectors of the codebook to the encoder's outputs, (B, P, D), and their rows in it, (B, P)."""

    vectors: Tensor
    classes: Tensor


class Codebook(nn.Module):
    """`classes` vectors (classes, D) to which the encoder's outputs are rounded."""

    def __init__(self, classes: int, dim: int) -> None:
        super().__init__()
        self.vectors = nn.Parameter(torch.empty(classes, dim).uniform_(-1 / classes, 1 / classes))

    def forward(self, outputs: Tensor) -> Quantised:
        """(B, P, D) -> the vectors of the least squared distance."""
        own = self.vectors.square().sum(dim=1)
        classes = (own - 2 * outputs @ self.vectors.T).argmin(dim=-1)
        return Quantised(self.vectors[classes], classes)


class VQVAE(Model[VQVAEConfig]):
    """Minimises R + ||sg[z_e] - e||^2 + beta ||z_e - sg[e]||^2 (equation 3), the gradient of R passing e unchanged.

    R is the squared error over the decoder's variance; all three are means over their elements. The representation of
    an image is the class of every place, row by row, (B, P) with P = (H / 2^halvings) (W / 2^halvings). A latent is the
    same as one-hot vectors, (B, P classes). It has a `prior`, and so draws images, under `prior="uniform"` alone.
    """

    prior: Prior
    generate: Callable[..., Tensor]

    def __init__(self, cfg: VQVAEConfig, image: ImageShape) -> None:
        super().__init__(cfg, image)
        shrink = 2**cfg.halvings
        if image.height % shrink or image.width % shrink:
            raise ValueError(
                f"sides: received {image.height} x {image.width}, expected multiples of {shrink}; lower --halvings"
            )
        self.places = (image.height // shrink, image.width // shrink)
        number = math.prod(self.places)
        self.code = (Categorical(cfg.classes),) * number
        if cfg.prior == "uniform":
            self.prior = Prior((OneHot(cfg.classes),) * number)
            self.generate = self.drawn
        self.encoder = vq_encoder(image, cfg.halvings, cfg.width, cfg.residual_blocks, cfg.embedding_dim)
        self.codebook = Codebook(cfg.classes, cfg.embedding_dim)
        self.decoder = vq_decoder(image, cfg.halvings, cfg.width, cfg.residual_blocks, cfg.embedding_dim)

    # ------------------------------------------------------------ training

    def players(self) -> Sequence[Player]:
        groups = (Group(self.encoder), Group(self.codebook), Group(self.decoder))
        return [Player("autoencoder", groups, Optim(lr=self.cfg.lr))]

    def rounds(self) -> Sequence[Round]:
        return [Round(self.losses, players=("autoencoder",))]

    def losses(self, step: Step) -> Losses:
        x = step.images()
        outputs = self.encoded(x)
        quantised = self.codebook(outputs)
        straight_through = outputs + (quantised.vectors - outputs).detach()
        reconstruction = (self.decoded(straight_through) - x).square().mean() / self.cfg.variance
        codebook = (outputs.detach() - quantised.vectors).square().mean()
        commitment = (outputs - quantised.vectors.detach()).square().mean()
        return Losses(
            total={"autoencoder": reconstruction + codebook + self.cfg.beta * commitment},
            terms={
                "reconstruction": reconstruction,
                "codebook": codebook,
                "commitment": commitment,
                "perplexity": perplexity(quantised.classes, self.cfg.classes),
            },
        )

    def encoded(self, x: Tensor) -> Tensor:
        """Images -> the encoder's outputs, place by place, (B, P, D)."""
        outputs: Tensor = self.encoder(x)
        return outputs.flatten(2).transpose(1, 2)

    def quantised(self, x: Tensor) -> Quantised:
        """Images -> what the codebook makes of the encoder's outputs."""
        found: Quantised = self.codebook(self.encoded(x))
        return found

    def decoded(self, vectors: Tensor) -> Tensor:
        """Vectors (B, P, D) -> means of the pixels, (B, C, H, W), not yet cut to [0, 1]."""
        images: Tensor = self.decoder(vectors.transpose(1, 2).unflatten(2, self.places))
        return images

    # ------------------------------------------------------------ what it offers

    def encode(self, x: Tensor) -> Tensor:
        return self.quantised(x).classes.to(x.dtype)

    def posterior(self, x: Tensor) -> ProductDistribution:
        """q(z|x), certain of one class at every place (equation 1)."""
        hot = one_hot(self.encode(x).long(), self.cfg.classes).to(x.dtype)
        return ProductDistribution([OneHotCategorical(probs=place) for place in hot.unbind(dim=1)])

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """(B, C, H, W) and (B, P classes) -> log N(x; mean(z), variance), summed over pixels, (B,) nats."""
        mean = self.decoded(self.looked_up(z))
        log_variance = mean.new_tensor(math.log(self.cfg.variance))
        return log_density(x, mean, log_variance).flatten(1).sum(dim=1)

    def drawn(self, z: Tensor, draw: Draw | None = None) -> Tensor:
        """The decoder's means, `generate` where there is a prior; it has no inner noise."""
        return self.decoded(self.looked_up(z)).clamp(0, 1)

    def reconstruct(self, x: Tensor) -> Tensor:
        return self.decoded(self.quantised(x).vectors).clamp(0, 1)

    def decode(self, code: Tensor) -> Tensor:
        """Codes (B, P) -> the images of the nearest classes."""
        classes = code.round().clamp(0, self.cfg.classes - 1).long()
        return self.decoded(self.codebook.vectors[classes]).clamp(0, 1)

    def pictures(self, draw: Draw) -> Mapping[str, Sequence[Tensor]]:
        """What the first vectors of the codebook draw, each at every place at once."""
        classes = torch.arange(min(self.cfg.classes, PICTURED), device=self.codebook.vectors.device)
        images = self.decode(classes[:, None].expand(-1, len(self.code)))
        return {"codebook": images.split(PICTURED_COLUMNS)}

    def looked_up(self, z: Tensor) -> Tensor:
        """One-hot vectors (B, P classes) -> vectors of the codebook, (B, P, D)."""
        vectors: Tensor = z.unflatten(1, (-1, self.cfg.classes)) @ self.codebook.vectors
        return vectors


def perplexity(classes: Tensor, number: int) -> Tensor:
    """exp of the entropy of how often each class is used, (); `number` where all are used equally."""
    ones = torch.ones(classes.numel(), device=classes.device)
    share = torch.zeros(number, device=classes.device).index_add(0, classes.flatten(), ones) / classes.numel()
    return (-(share * share.clamp(min=1e-12).log()).sum()).exp()
