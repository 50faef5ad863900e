"""The plain GAN of IB-GAN's study, read by an encoder that it does not know of."""

from __future__ import annotations

from collections.abc import Sequence

from deval_ibgan.baseline import Baseline
from deval_ibgan.bounds import lower_bound
from deval_ibgan.config import GANConfig
from deval_ibgan.game import play_game
from disentangle_eval.api import Group, Losses, Optim, Player, Round, Step


class GAN(Baseline[GANConfig]):
    """G and D alone play; q learns to read z from the images they make, and neither learns from q.

    How a plain GAN was encoded is not published: q is our choice.
    """

    def players(self) -> Sequence[Player]:
        rmsprop = Optim(lr=self.cfg.lr, kind="rmsprop", momentum=0.9)
        return [
            Player(
                "discriminator",
                (Group(self.trunk), Group(self.discriminator)),
                Optim(lr=self.cfg.lr_discriminator, kind="rmsprop", momentum=0.9),
            ),
            Player("generator", (Group(self.generator),), rmsprop),
            Player("reconstructor", (Group(self.reconstructor),), rmsprop),
        ]

    def rounds(self) -> Sequence[Round]:
        return [Round(self.losses, players=("discriminator", "generator", "reconstructor"))]

    def losses(self, step: Step) -> Losses:
        z = self.prior.sample(step, step.batch)
        game = play_game(self.cfg, self.trunk, self.discriminator, self.generator(z), step)
        lower = lower_bound(z, self.reconstructor(game.fake_features.detach()))
        return Losses(
            total={
                "discriminator": game.d_fake + game.d_real,
                "generator": game.adversarial,
                "reconstructor": -lower,
            },
            terms={**game.terms, "lower_bound": lower, "noise": game.noise},
        )
