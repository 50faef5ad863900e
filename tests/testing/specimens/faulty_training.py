"""Players and rounds with one fault each."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from specimens.sound_config import SoundConfig
from specimens.sound_model import Sound
from torch import Tensor, nn
from torch.nn.functional import softplus

from disentangle_eval.api import Group, ImageShape, Losses, Optim, Player, Round, Step

# ---------------------------------------------------------------- construction


class SeedsItself(Sound):
    def __init__(self, cfg: SoundConfig, image: ImageShape) -> None:
        torch.manual_seed(42)
        super().__init__(cfg, image)


class RefusesTheImage(Sound):
    def __init__(self, cfg: SoundConfig, image: ImageShape) -> None:
        raise ValueError(f"draws 64 x 64 images, received {image.height} x {image.width}")


class KeepsOtherSettings(Sound):
    def __init__(self, cfg: SoundConfig, image: ImageShape) -> None:
        super().__init__(cfg.model_copy(update={"beta": 2.0}), image)


class NoModel(nn.Module):
    def __init__(self, width: int = 4) -> None:
        super().__init__()


# ---------------------------------------------------------------- players


class ForgetsANetwork(Sound):
    def players(self) -> Sequence[Player]:
        critic, autoencoder = super().players()
        return [critic, replace(autoencoder, groups=(Group(self.encoder),))]


class SharesANetwork(Sound):
    def players(self) -> Sequence[Player]:
        critic, autoencoder = super().players()
        return [replace(critic, groups=(Group(self.critic), Group(self.decoder))), autoencoder]


class FreezesAParameter(Sound):
    def __init__(self, cfg: SoundConfig, image: ImageShape) -> None:
        super().__init__(cfg, image)
        self.critic[1].bias.requires_grad_(False)


class NegativeLearningRate(Sound):
    def players(self) -> Sequence[Player]:
        critic, autoencoder = super().players()
        return [replace(critic, optim=Optim(lr=-1e-3)), autoencoder]


class TwoOfOneName(Sound):
    def players(self) -> Sequence[Player]:
        return [replace(player, name="critic") for player in super().players()]


class GroupWithoutComma(Sound):
    def players(self) -> Sequence[Player]:
        return [Player("critic", (Group(self.critic)), Optim(lr=1e-3)), super().players()[1]]


class NetworkForGroup(Sound):
    def players(self) -> Sequence[Player]:
        return [Player("critic", (self.critic,), Optim(lr=1e-3)), super().players()[1]]


class OptimiserOfTorch(Sound):
    def players(self) -> Sequence[Player]:
        return [Player("critic", (Group(self.critic),), torch.optim.Adam(self.critic.parameters()))]


# ---------------------------------------------------------------- rounds


class PlayerWithoutComma(Sound):
    def rounds(self) -> Sequence[Round]:
        return [Round(self.judge, players=("critic")), super().rounds()[1]]


class TermNamedIteration(Sound):
    def judge(self, step: Step) -> Losses:
        losses = super().judge(step)
        return replace(losses, terms={"iteration": losses.terms["fake"]})


class TermNamedAsATotal(Sound):
    def judge(self, step: Step) -> Losses:
        losses = super().judge(step)
        return replace(losses, terms={"loss_autoencoder": losses.terms["fake"]})


class PlayersForRounds(Sound):
    def rounds(self) -> Sequence[Round]:
        return ["critic", "autoencoder"]


class NeverDue(Sound):
    def rounds(self) -> Sequence[Round]:
        judge, rebuild = super().rounds()
        return [replace(judge, every=0), rebuild]


class EndsBeforeItStarts(Sound):
    def rounds(self) -> Sequence[Round]:
        judge, rebuild = super().rounds()
        return [replace(judge, start=5, end=5), rebuild]


class ReturnsATensor(Sound):
    def judge(self, step: Step) -> Losses:
        return super().judge(step).total["critic"]


class TotalDetached(Sound):
    def adjust(self, total: Tensor, step: Step) -> Tensor:
        return total.detach()


class ChangesTheBatch(Sound):
    def judge(self, step: Step) -> Losses:
        x = step.images()
        fake, real = self.critic(self.decoder(self.prior.sample(step, len(x)))), self.critic(x)
        step.batch = step.batch + 1
        return Losses(total={"critic": (softplus(fake) + softplus(-real)).mean()})


class TotalOfAnother(Sound):
    def judge(self, step: Step) -> Losses:
        losses = super().judge(step)
        return Losses(total={"discriminator": losses.total["critic"]})


class TotalNotScalar(Sound):
    def adjust(self, total: Tensor, step: Step) -> Tensor:
        return total.reshape(1)


class TotalNotFinite(Sound):
    def adjust(self, total: Tensor, step: Step) -> Tensor:
        return total / 0


class TermOfTwoDimensions(Sound):
    def judge(self, step: Step) -> Losses:
        losses = super().judge(step)
        return replace(losses, terms={"fake": losses.terms["fake"].reshape(1, 1)})


class IdlePlayer(Sound):
    def rounds(self) -> Sequence[Round]:
        return super().rounds()[1:]


class UnknownPlayer(Sound):
    def rounds(self) -> Sequence[Round]:
        return [*super().rounds(), Round(self.judge, players=("discriminator",))]


class KeepsTheGraph(Sound):
    last = 0.0

    def adjust(self, total: Tensor, step: Step) -> Tensor:
        self.last = total + 0.1 * self.last
        return self.last


# ---------------------------------------------------------------- gradients


class UnusedLayer(Sound):
    def __init__(self, cfg: SoundConfig, image: ImageShape) -> None:
        super().__init__(cfg, image)
        self.encoder.unused = nn.Linear(2, 2)

    def infer(self, x: Tensor) -> tuple[Tensor, Tensor]:
        for layer in list(self.encoder)[:-1]:
            x = layer(x)
        mean, log_variance = x.chunk(2, dim=1)
        return mean, log_variance.tanh()


class DetachedEncoder(Sound):
    def infer(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = super().infer(x)
        return mean.detach(), log_variance.detach()


class InfiniteGradient(Sound):
    def adjust(self, total: Tensor, step: Step) -> Tensor:
        return total + (total - total.detach()).sqrt()


# ---------------------------------------------------------------- the iteration counter


class Counts(Sound):
    def adjust(self, total: Tensor, step: Step) -> Tensor:
        step.iteration += 1
        return total


class ReplacesTheCounter(Sound):
    def judge(self, step: Step) -> Losses:
        step.iteration = step.iteration + 0
        return super().judge(step)


# ---------------------------------------------------------------- schedules


class Scheduled(Sound):
    def players(self) -> Sequence[Player]:
        critic, autoencoder = super().players()
        return [critic, replace(autoencoder, optim=replace(autoencoder.optim, schedule=self.share))]


class ScheduleBranches(Scheduled):
    def share(self, iteration: Tensor) -> Tensor:
        return torch.ones(()) if iteration < 500 else torch.full((), 0.1)


class ScheduleOfANumber(Scheduled):
    def share(self, iteration: Tensor) -> Tensor:
        return 0.5
