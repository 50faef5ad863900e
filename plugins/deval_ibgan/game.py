"""The adversarial game of IB-GAN and of the GANs it is compared with: losses of D and G under instance noise."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from deval_ibgan.config import GameConfig
from disentangle_eval.api import Draw, Step
from disentangle_eval.nn.augmenting import augmented


class Game(NamedTuple):
    """What both sides lose on one batch, () each, D's features of the generated images, and the noise's deviation."""

    d_real: Tensor
    d_fake: Tensor
    adversarial: Tensor
    fake_features: Tensor
    noise: Tensor

    @property
    def discriminator_loss(self) -> Tensor:
        """L_D."""
        return self.d_fake + self.d_real

    @property
    def terms(self) -> dict[str, Tensor]:
        """What the log shows of the losses."""
        return {
            "discriminator_real": self.d_real,
            "discriminator_fake": self.d_fake,
            "generator_adversarial": self.adversarial,
        }


def under_noise_of(cfg: GameConfig, images: Tensor, iteration: int | None, draw: Draw) -> Tensor:
    """Generated images (B, C, H, W) in [-1, 1] under the instance noise of one iteration; as they are for None."""
    if iteration is None:
        return images
    return add_noise(images, noise_level(cfg, torch.tensor(iteration, device=images.device)), draw)


def play_game(
    cfg: GameConfig, trunk: nn.Module, discriminator: nn.Module, reconstructor: nn.Module, images: Tensor, step: Step
) -> Game:
    """Generated images (B, C, H, W) in [-1, 1] against the next real ones, all under instance noise.

    Both domains pass D in calls of their own. G's loss is the non-saturating one. q, the `reconstructor`, is shown real
    images only where the settings say so, for its batch normalisation alone: nothing learns from what it answers.
    """
    sigma = noise_level(cfg, step.iteration)
    fake = add_noise(augmented(images, step, cfg.augment), sigma, step)
    real = add_noise(augmented(to_signed(step.images()), step, cfg.augment), sigma, step)
    fake_features = trunk(fake)
    fake_logit = discriminator(fake_features)
    real_features = trunk(real)
    real_logit = discriminator(real_features)
    if cfg.real_through_q:
        with torch.no_grad():
            reconstructor(real_features)
    real_target = torch.ones_like(real_logit)
    if cfg.label_smoothing:
        real_target = 0.7 + 0.5 * step.uniform(*real_logit.shape)
    return Game(
        d_real=binary_cross_entropy_with_logits(real_logit, real_target),
        d_fake=binary_cross_entropy_with_logits(fake_logit, torch.zeros_like(fake_logit)),
        adversarial=binary_cross_entropy_with_logits(fake_logit, torch.ones_like(fake_logit)),
        fake_features=fake_features,
        noise=sigma,
    )


def to_signed(x: Tensor) -> Tensor:
    """[0, 1] -> [-1, 1]."""
    return 2 * x - 1


def add_noise(images: Tensor, sigma: Tensor, draw: Draw) -> Tensor:
    """Instance noise of standard deviation `sigma`, clamped to [-1, 1]."""
    return (images + sigma * draw.normal(*images.shape)).clamp(-1, 1)


def noise_level(cfg: GameConfig, iteration: Tensor) -> Tensor:
    """Standard deviation of the instance noise: linear from `noise_start` to `noise_end`, constant afterwards.

    The two published solvers count differently: "small" reaches the end at `noise_iterations` - 1, "big" starts one
    iteration in.
    """
    done = iteration / (cfg.noise_iterations - 1) if cfg.variant == "small" else (iteration + 1) / cfg.noise_iterations
    return cfg.noise_start + (cfg.noise_end - cfg.noise_start) * done.clamp(max=1)
