"""The plain GAN of IB-GAN's study, read by an encoder that it does not know of."""

from __future__ import annotations

from collections.abc import Sequence

from deval_ibgan.baseline import Baseline
from deval_ibgan.bounds import lower_bound
from deval_ibgan.config import GANConfig
from deval_ibgan.game import play_game
from deval_ibgan.optimisers import discriminator_player, rmsprop
from disentangle_eval.api import Group, Losses, Player, Round, Step


class GAN(Baseline[GANConfig]):
    """G and D alone play; q learns to read z from the images they make, and neither learns from q.

    How a plain GAN was encoded is not published: q is our choice.
    """

    def players(self) -> Sequence[Player]:
        return [
            discriminator_player(self.cfg, self.trunk, self.discriminator),
            Player("generator", (Group(self.generator),), rmsprop(self.cfg.lr)),
            Player("reconstructor", (Group(self.reconstructor),), rmsprop(self.cfg.lr)),
        ]

    def rounds(self) -> Sequence[Round]:
        return [Round(self.losses, players=("discriminator", "generator", "reconstructor"))]

    def losses(self, step: Step) -> Losses:
        self.follow_weights()
        z = self.prior.sample(step, step.batch)
        game = play_game(self.cfg, self.trunk, self.discriminator, self.reconstructor, self.generator(z), step)
        lower = lower_bound(z, self.reconstructor(game.fake_features.detach()))
        return Losses(
            total={
                "discriminator": game.discriminator_loss,
                "generator": game.adversarial,
                "reconstructor": -lower,
            },
            terms={**game.terms, "lower_bound": lower, "noise": game.noise},
        )
