"""IB-GAN (Jeon et al., AAAI 2021, equations 4-11)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Normal as NormalDistribution
from torch.nn.functional import binary_cross_entropy_with_logits

from deval_ibgan.config import IBGANConfig
from deval_ibgan.networks import (
    BottleneckEncoder,
    Generator,
    discriminator_small,
    head_big,
    initialise,
    reconstructor_small,
    trunk,
)
from disentangle_eval.api import Draw, Group, ImageShape, Losses, Model, Optim, Player, Round, Step, Traversal
from disentangle_eval.latents import Normal, Prior, continuous

TRAVERSAL_SAMPLES = 4096


class IBGAN(Model[IBGANConfig]):
    """Noise z passes the bottleneck e(r|z) before G draws an image; q(z|x) reads z back from the image.

    min over G, e, q and max over D of V(D, G) - (I_L - beta I_U), with I_L <= I(z; x) <= I_U in expectation. Prior and
    m(r) are standard normal, e is a diagonal Gaussian, q has unit variance. The representation of an image is the
    mean of e at the mean of q, (B, r_dim). In the variant "big" the trunk under D and q learns from D's loss alone.
    """

    def __init__(self, cfg: IBGANConfig, image: ImageShape) -> None:
        super().__init__(cfg, image)
        if image[1:] != (64, 64):
            raise ValueError(f"IB-GAN draws 64 x 64 images, received {image.height} x {image.width}")
        self.prior = Prior((Normal(cfg.z_dim),))
        self.code = continuous(cfg.r_dim)
        self.encoder = BottleneckEncoder(cfg.z_dim, cfg.r_dim, cfg.variant)
        self.generator = Generator(cfg.r_dim, cfg.generator_width, image.channels)
        width = cfg.discriminator_width
        if cfg.variant == "small":
            self.trunk: nn.Module = nn.Identity()
            self.discriminator = discriminator_small(image.channels, width)
            self.reconstructor = reconstructor_small(image.channels, width, cfg.z_dim)
        else:
            self.trunk = trunk(image.channels, width)
            self.discriminator = head_big(width, 1)
            self.reconstructor = head_big(width, cfg.z_dim)
        initialise(self, cfg.init)

    # ------------------------------------------------------------ training

    def players(self) -> Sequence[Player]:
        return [
            Player(
                "discriminator",
                (Group(self.trunk), Group(self.discriminator)),
                Optim(lr=self.cfg.lr_discriminator, kind="rmsprop", momentum=0.9),
            ),
            Player(
                "generator",
                (Group(self.encoder), Group(self.generator), Group(self.reconstructor)),
                Optim(lr=self.cfg.lr, kind="rmsprop", momentum=0.9),
            ),
        ]

    def rounds(self) -> Sequence[Round]:
        return [Round(self.losses, players=("discriminator", "generator"))]

    def losses(self, step: Step) -> Losses:
        cfg = self.cfg
        sigma = noise_level(cfg, step.iteration)

        z = self.prior.sample(step, step.batch)
        mean, log_variance = self.encoder(z)
        r = mean + (0.5 * log_variance).exp() * step.normal(*mean.shape)
        fake = add_noise(self.generator(r), sigma, step)
        real = add_noise(to_signed(step.images()), sigma, step)

        fake_features = self.trunk(fake)
        fake_logit = self.discriminator(fake_features)
        real_logit = self.discriminator(self.trunk(real))
        z_mean = self.reconstructor(fake_features)

        real_target = torch.ones_like(real_logit)
        if cfg.label_smoothing:
            real_target = 0.7 + 0.5 * step.uniform(*real_logit.shape)
        d_fake = binary_cross_entropy_with_logits(fake_logit, torch.zeros_like(fake_logit))
        d_real = binary_cross_entropy_with_logits(real_logit, real_target)
        adversarial = binary_cross_entropy_with_logits(fake_logit, torch.ones_like(fake_logit))

        lower = lower_bound(z, z_mean)
        kl = bottleneck_kl(mean, log_variance).mean(dim=0)
        upper = kl.sum()
        penalty = 100 * upper * (upper.detach() >= 20) if cfg.rate_ceiling else 0.0

        return Losses(
            total={
                "discriminator": d_fake + d_real,
                "generator": cfg.gamma * adversarial - lower + cfg.beta * upper + penalty,
            },
            terms={
                "discriminator_real": d_real,
                "discriminator_fake": d_fake,
                "generator_adversarial": adversarial,
                "lower_bound": lower,
                "upper_bound": upper,
                "kl": kl,
                "noise": sigma,
            },
        )

    # ------------------------------------------------------------ what it offers

    def encode(self, x: Tensor) -> Tensor:
        return self._bottleneck(x)[0]

    def posterior(self, x: Tensor) -> NormalDistribution:
        """e(r|z) at the mean of q(z|x), shape (B, r_dim); its prior is standard normal."""
        mean, log_variance = self._bottleneck(x)
        return NormalDistribution(mean, (0.5 * log_variance).exp())

    def generate(self, z: Tensor, draw: Draw | None = None) -> Tensor:
        """Without `draw`, r is the mean of e(r|z)."""
        mean, log_variance = self.encoder(z)
        r = mean if draw is None else mean + (0.5 * log_variance).exp() * draw.normal(*mean.shape)
        return self.render(r)

    def render(self, r: Tensor) -> Tensor:
        """(B, r_dim) -> (B, C, H, W) in [0, 1]."""
        images: Tensor = (self.generator(r) + 1) / 2
        return images

    def reconstruct(self, x: Tensor) -> Tensor:
        return self.render(self.encode(x))

    def rate(self, z: Tensor) -> Tensor:
        """KL(e(r|z) || m(r)) a dimension, (B, Z) -> (B, r_dim) nats."""
        return bottleneck_kl(*self.encoder(z))

    def traversal(self, draw: Draw) -> Traversal:
        mean, log_variance = self.encoder(self.prior.sample(draw, TRAVERSAL_SAMPLES))
        return Traversal(
            code=self.code,
            spread=(mean.var(dim=0) + log_variance.exp().mean(dim=0)).sqrt(),
            rate=bottleneck_kl(mean, log_variance).mean(dim=0),
            origin=lambda draw, n: self.encoder(self.prior.sample(draw, n))[0],
            render=self.render,
        )

    def _bottleneck(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.encoder(self.reconstructor(self.trunk(to_signed(x))))
        return mean, log_variance


def lower_bound(z: Tensor, z_mean: Tensor) -> Tensor:
    """I_L = E[log q(z|x) - log p(z)] for q = N(z_mean, I) and p = N(0, I), in nats (equation 5)."""
    return 0.5 * (z.square() - (z - z_mean).square()).sum(dim=1).mean()


def bottleneck_kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, exp(log_variance)) || N(0, 1)) a dimension, (B, R) nats; its sum's mean is I_U (equation 8)."""
    return 0.5 * (mean.square() + log_variance.exp() - log_variance - 1)


def to_signed(x: Tensor) -> Tensor:
    """[0, 1] -> [-1, 1]."""
    return 2 * x - 1


def add_noise(images: Tensor, sigma: Tensor, draw: Draw) -> Tensor:
    """Instance noise of standard deviation `sigma`, clamped to [-1, 1]."""
    return (images + sigma * draw.normal(*images.shape)).clamp(-1, 1)


def noise_level(cfg: IBGANConfig, iteration: Tensor) -> Tensor:
    """Standard deviation of the instance noise: linear from `noise_start` to `noise_end`, constant afterwards.

    The two published solvers count differently: "small" reaches the end at `noise_iterations` - 1, "big" starts one
    iteration in.
    """
    done = iteration / (cfg.noise_iterations - 1) if cfg.variant == "small" else (iteration + 1) / cfg.noise_iterations
    return cfg.noise_start + (cfg.noise_end - cfg.noise_start) * done.clamp(max=1)
