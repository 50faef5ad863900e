"""The optimiser of every network of IB-GAN's study, and the player that is the same in all of them."""

from __future__ import annotations

from torch import nn

from deval_ibgan.config import GameConfig
from disentangle_eval.api import Group, Optim, Player


def rmsprop(lr: float) -> Optim:
    """RMSprop with momentum 0.9."""
    return Optim(lr=lr, kind="rmsprop", momentum=0.9)


def discriminator_player(cfg: GameConfig, trunk: nn.Module, discriminator: nn.Module) -> Player:
    """D with the trunk under it, which learns from D's loss alone."""
    return Player("discriminator", (Group(trunk), Group(discriminator)), rmsprop(cfg.lr_discriminator))
