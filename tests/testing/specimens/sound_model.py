"""An autoencoder whose decoder is also a GAN's generator: two players, two rounds, everything a model can offer."""

from collections.abc import Mapping, Sequence

import torch
from specimens.sound_config import SoundConfig
from torch import Tensor, nn
from torch.distributions import Distribution
from torch.distributions import Normal as NormalDistribution
from torch.nn.functional import softplus

from disentangle_eval.api import (
    CosineDecay,
    Draw,
    Group,
    ImageShape,
    Losses,
    Model,
    Optim,
    Player,
    Round,
    Step,
    Traversal,
)
from disentangle_eval.latents import Normal, Prior, continuous

WIDTH = 16


class Sound(Model[SoundConfig]):
    def __init__(self, cfg: SoundConfig, image: ImageShape) -> None:
        super().__init__(cfg, image)
        pixels = image.channels * image.height * image.width
        self.prior = Prior((Normal(cfg.z_dim),))
        self.code = continuous(cfg.z_dim)
        self.encoder = nn.Sequential(
            nn.Flatten(), nn.Linear(pixels, WIDTH), nn.BatchNorm1d(WIDTH), nn.ReLU(), nn.Linear(WIDTH, 2 * cfg.z_dim)
        )
        self.decoder = nn.Sequential(
            nn.Linear(cfg.z_dim, WIDTH), nn.ReLU(), nn.Linear(WIDTH, pixels), nn.Sigmoid(), nn.Unflatten(1, image)
        )
        self.critic = nn.Sequential(nn.Flatten(), nn.Linear(pixels, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 1))

    def players(self) -> Sequence[Player]:
        return [
            Player("critic", (Group(self.critic),), Optim(lr=1e-3, kind="adagrad")),
            Player(
                "autoencoder",
                (Group(self.encoder), Group(self.decoder, lr=1e-3)),
                Optim(lr=1e-4, kind="rmsprop", schedule=CosineDecay(iterations=1_000)),
            ),
        ]

    def rounds(self) -> Sequence[Round]:
        return [Round(self.judge, players=("critic",)), Round(self.rebuild, players=("autoencoder",))]

    def judge(self, step: Step) -> Losses:
        fake = self.critic(self.decoder(self.prior.sample(step, step.batch)))
        real = self.critic(step.images())
        return Losses(total={"critic": (softplus(fake) + softplus(-real)).mean()}, terms={"fake": fake.mean()})

    def rebuild(self, step: Step) -> Losses:
        x = step.images()
        mean, log_variance = self.infer(x)
        again = self.decoder(self.sample(mean, (0.5 * log_variance).exp(), step))
        distortion = (again - x).square().sum(dim=(1, 2, 3)).mean()
        kl = 0.5 * (mean.square() + log_variance.exp() - log_variance - 1).mean(dim=0)
        warm_up = (step.iteration / 10).clamp(max=1)
        total = distortion + self.cfg.beta * warm_up * kl.sum() + softplus(-self.critic(again)).mean()
        return Losses(total={"autoencoder": self.adjust(total, step)}, terms={"distortion": distortion, "kl": kl})

    def sample(self, mean: Tensor, deviation: Tensor, step: Step) -> Tensor:
        return mean + deviation * step.normal(*mean.shape)

    def adjust(self, total: Tensor, step: Step) -> Tensor:
        """Where faults are planted in the autoencoder's loss."""
        return total

    def infer(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        return mean, log_variance.tanh()

    def encode(self, x: Tensor) -> Tensor:
        return self.infer(x)[0]

    def posterior(self, x: Tensor) -> Distribution:
        mean, log_variance = self.infer(x)
        return NormalDistribution(mean, (0.5 * log_variance).exp())

    def class_probabilities(self, x: Tensor) -> tuple[Tensor, ...]:
        return ()

    def generate(self, z: Tensor, draw: Draw | None = None) -> Tensor:
        return self.decoder(z)

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        return -(self.decoder(z) - x).square().flatten(1).sum(dim=1)

    def rate(self, z: Tensor) -> Tensor:
        return 0.5 * z.square()

    def lower_bound(self, z: Tensor, draw: Draw, iteration: int | None = None) -> Tensor:
        mean, log_variance = self.infer(self.decoder(z))
        return 0.5 * (z.square() - (z - mean).square() * (-log_variance).exp() - log_variance)

    def reconstruct(self, x: Tensor) -> Tensor:
        return self.decoder(self.encode(x))

    def decode(self, code: Tensor) -> Tensor:
        return self.decoder(code)

    def traversal(self, draw: Draw) -> Traversal:
        ones = torch.ones(len(self.code))
        return Traversal(self.code, spread=ones, rate=ones, origin=self.prior.sample, render=self.decoder)

    def pictures(self, draw: Draw) -> Mapping[str, Sequence[Tensor]]:
        return {"drawn": [self.decoder(self.prior.sample(draw, 3))]}
