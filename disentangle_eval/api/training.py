"""What training is: players, rounds of losses, the step that a round is lent, and the model that states them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Literal, Protocol, TypeVar

from torch import Tensor, nn

from disentangle_eval.api.abilities import Draw
from disentangle_eval.api.data import ImageShape
from disentangle_eval.config import ModelConfig

ModelConfigT = TypeVar("ModelConfigT", bound=ModelConfig)


class Step(Draw, Protocol):
    """What the core lends a round of training.

    `batch` is the batch size and `data_size` the number of images in the training set; `iteration` is a () int64 tensor
    on the device, 0 in the first iteration: arithmetic on it is free, reading it on the host (`if`, `float`) is not
    allowed.
    """

    batch: int
    data_size: int
    iteration: Tensor

    def images(self) -> Tensor:
        """A fresh batch, (B, C, H, W) float32 in [0, 1]. Every call returns the next images of the shuffled set."""


@dataclass(frozen=True, kw_only=True)
class PolynomialDecay:
    """Learning rates that fall to the share `final` of what they were over `iterations`, and stay there.

    `share(t)` = final + (1 - final) (1 - t / iterations)^power, with t = 0 in the first iteration.
    """

    iterations: int
    final: float
    power: float = 1.0

    def share(self, iteration: int) -> float:
        """What the learning rates are multiplied by in an iteration."""
        left = max(0.0, 1 - iteration / self.iterations)
        return self.final + (1 - self.final) * float(left**self.power)


@dataclass(frozen=True, kw_only=True)
class Optim:
    """An optimiser and its settings. `betas` are Adam's, `momentum` and `alpha` RMSprop's.

    With a `schedule` the learning rates, those of groups included, follow it from the first iteration on.
    """

    lr: float
    kind: Literal["adam", "rmsprop"] = "adam"
    betas: tuple[float, float] = (0.9, 0.999)
    alpha: float = 0.99
    momentum: float = 0.0
    eps: float = 1e-8
    weight_decay: float = 0.0
    schedule: PolynomialDecay | None = None


@dataclass(frozen=True)
class Group:
    """A network a player owns; `lr` where it differs from the player's."""

    module: nn.Module
    lr: float | None = None


@dataclass(frozen=True)
class Player:
    """Parameters with their optimiser. Every parameter of a model belongs to exactly one player."""

    name: str
    groups: tuple[Group, ...]
    optim: Optim


@dataclass(frozen=True)
class Losses:
    """What a round computes.

    `total[player]` is the () tensor that player minimises. `terms` are what the log shows: () or (n,) tensors, left on
    the device until a tick.
    """

    total: Mapping[str, Tensor]
    terms: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Round:
    """One loss call for one or more players: all gradients are taken at the same weights, then all players step.

    It runs in iterations divisible by `every`, `repeats` times in a row.
    """

    losses: Callable[[Step], Losses]
    players: tuple[str, ...]
    every: int = 1
    repeats: int = 1


class Model(nn.Module, ABC, Generic[ModelConfigT]):
    """A trainable model. It offers what it can do by having the methods of `Encoder`, `Generator`, ...

    Its parameters are initialised from torch's global generator, which the core seeds around the constructor.
    """

    def __init__(self, cfg: ModelConfigT, image: ImageShape) -> None:
        super().__init__()
        self.cfg = cfg
        self.image = image

    @abstractmethod
    def players(self) -> Sequence[Player]:
        """The players; together they own every parameter exactly once."""

    @abstractmethod
    def rounds(self) -> Sequence[Round]:
        """The rounds of one iteration, in order."""
