"""The InfoGAN of IB-GAN's study: IB-GAN without its bottleneck."""

from __future__ import annotations

from collections.abc import Sequence

from deval_ibgan.baseline import Baseline
from deval_ibgan.bounds import lower_bound
from deval_ibgan.config import InfoGANConfig
from deval_ibgan.game import play_game
from deval_ibgan.optimisers import discriminator_player, rmsprop
from disentangle_eval.api import Group, Losses, Player, Round, Step


class InfoGAN(Baseline[InfoGANConfig]):
    """min over G, q and max over D of V(D, G) - lambda I_L, with all of z as the code."""

    def players(self) -> Sequence[Player]:
        return [
            discriminator_player(self.cfg, self.trunk, self.discriminator),
            Player(
                "generator",
                (Group(self.generator), Group(self.reconstructor)),
                rmsprop(self.cfg.lr),
            ),
        ]

    def rounds(self) -> Sequence[Round]:
        return [Round(self.losses, players=("discriminator", "generator"))]

    def losses(self, step: Step) -> Losses:
        self.follow_weights()
        z = self.prior.sample(step, step.batch)
        game = play_game(self.cfg, self.trunk, self.discriminator, self.reconstructor, self.generator(z), step)
        lower = lower_bound(z, self.reconstructor(game.fake_features))
        return Losses(
            total={
                "discriminator": game.discriminator_loss,
                "generator": game.adversarial - self.cfg.lambda_ * lower,
            },
            terms={**game.terms, "lower_bound": lower, "noise": game.noise},
        )
