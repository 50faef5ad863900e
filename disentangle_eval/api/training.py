"""Training: players, rounds of losses, the step that a round receives, and the model that defines them."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from torch import Tensor, nn

from disentangle_eval.api.abilities import Draw
from disentangle_eval.api.data import ImageShape
from disentangle_eval.config import ModelConfig
from disentangle_eval.errors import PluginError

ModelConfigT = TypeVar("ModelConfigT", bound=ModelConfig)


class Step(Draw, Protocol):
    """What a round of training receives.

    `batch` is the batch size and `data_size` the number of images in the training set; `iteration` is a () int64 tensor
    on the device, 0 in the first iteration: compute with it, but do not read it on the host (`if`, `float`).
    """

    batch: int
    data_size: int
    iteration: Tensor

    def images(self) -> Tensor:
        """A fresh batch, (B, C, H, W) float32 in [0, 1]. Every call returns the next images of the shuffled set."""

    def pairs(self, factors: int | None) -> tuple[Tensor, Tensor]:
        """A fresh batch as of `images`, and for each image a random one that differs in this many factors.

        With None the number is random for each pair, from 1 to the number of factors less one. Needs a data set whose
        images are a full grid of factors.
        """

    @property
    def index(self) -> Tensor:
        """Indices of the images that the last call of `images` or `pairs` returned (the first ones), (B,) int64."""

    @property
    def labels(self) -> Tensor:
        """The classes of these images, (B,) int64; needs a data set with labels."""

    @property
    def factors(self) -> Tensor:
        """The factor classes of these images, (B, F) int64; needs a data set with factors."""


# From the iteration, a () int64 tensor on the device, to a factor of the learning rates, a () tensor. A custom function
# computes with the tensor and reads nothing back.
Schedule = Callable[[Tensor], Tensor]


@dataclass(frozen=True, kw_only=True)
class PolynomialDecay:
    """Learning rates that fall to the share `final` over `iterations`, and then stay constant.

    `share(t)` = final + (1 - final) (1 - t / iterations)^power, with t = 0 in the first iteration.
    """

    iterations: int
    final: float
    power: float = 1.0

    def share(self, iteration: int) -> float:
        """Factor of the learning rates in an iteration."""
        left = max(0.0, 1 - iteration / self.iterations)
        return self.final + (1 - self.final) * float(left**self.power)

    def __call__(self, iteration: Tensor) -> Tensor:
        left = (1 - iteration.double() / self.iterations).clamp(min=0)
        return self.final + (1 - self.final) * left**self.power


@dataclass(frozen=True, kw_only=True)
class CosineDecay:
    """Learning rates that fall to the share `final` along half a cosine over `iterations`, and then stay constant.

    The share is final + (1 - final) (1 + cos(pi t / iterations)) / 2 (Loshchilov & Hutter, 2017, without restarts).
    """

    iterations: int
    final: float = 0.0

    def __call__(self, iteration: Tensor) -> Tensor:
        turn = (iteration.double() / self.iterations).clamp(max=1) * math.pi
        return self.final + (1 - self.final) * (1 + turn.cos()) / 2


@dataclass(frozen=True, kw_only=True)
class LinearWarmUp:
    """Learning rates that rise linearly, (t + 1) / iterations, and then follow `then` or stay constant.

    `then` counts from the end of the rise.
    """

    iterations: int
    then: Schedule | None = None

    def __call__(self, iteration: Tensor) -> Tensor:
        rise = ((iteration.double() + 1) / self.iterations).clamp(max=1)
        return rise if self.then is None else rise * self.then((iteration - self.iterations).clamp(min=0))


@dataclass(frozen=True, kw_only=True)
class Optim:
    """An optimiser and its settings.

    `kind` is the name of an optimiser in `torch.optim`, such as `"adam"`, `"SGD"` or `"AdamW"`, in any case of letters.
    It receives those of `betas`, `alpha`, `momentum`, `eps` and `weight_decay` that are given, and `arguments`, under
    torch's own names; the others take torch's defaults. A name or an argument that torch does not have is refused.

    With a `schedule` the learning rates, those of groups included, follow it from the first iteration on. With
    `clip_norm` the gradient of the player, over all its parameters together, is clipped to that norm.
    """

    lr: float
    kind: str = "adam"
    betas: tuple[float, float] | None = None
    alpha: float | None = None
    momentum: float | None = None
    eps: float | None = None
    weight_decay: float | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    schedule: Schedule | None = None
    clip_norm: float | None = None


@dataclass(frozen=True)
class Group:
    """A network of a player; `lr` if it differs from the player's."""

    module: nn.Module
    lr: float | None = None


@dataclass(frozen=True)
class Player:
    """Parameters with their optimiser. Every parameter of a model belongs to exactly one player."""

    name: str
    groups: tuple[Group, ...]
    optim: Optim

    def __post_init__(self) -> None:
        _expect_several(f"Player {self.name!r}: groups", self.groups, Group, "Group(network)")
        if not isinstance(self.optim, Optim):
            raise PluginError(
                f"Player {self.name!r}: optim",
                received=type(self.optim).__name__,
                expected="an Optim",
                advice="write Optim(lr=1e-3), or an optimiser of torch.optim by its name, Optim(lr=1e-3, kind='SGD')",
            )


@dataclass(frozen=True)
class Losses:
    """The result of a round.

    `total[player]` is the () tensor that the player minimises. `terms` are shown in the log: () or (n,) tensors, which
    stay on the device until the log is written.
    """

    total: Mapping[str, Tensor]
    terms: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Round:
    """One loss call for one or more players: all gradients are taken at the same weights, then all players step.

    It runs in iterations divisible by `every`, `repeats` times in a row, from iteration `start` on and before `end`.
    `PluginError` where that is in none.
    """

    losses: Callable[[Step], Losses]
    players: tuple[str, ...]
    every: int = 1
    repeats: int = 1
    start: int = 0
    end: int | None = None

    def __post_init__(self) -> None:
        _expect_several("Round: players", self.players, str, '"name"')
        if self.every < 1 or self.repeats < 1:
            received = f"every={self.every}, repeats={self.repeats}"
            raise PluginError("Round", received=received, expected="counts from 1 on")
        if self.start < 0 or (self.end is not None and self.end <= self.start):
            raise PluginError("Round", received=f"start={self.start}, end={self.end}", expected="0 <= start < end")


def _expect_several(what: str, values: object, kind: type, example: str) -> None:
    """`PluginError` for anything but a tuple or list of a kind; a tuple of one is often written without its comma."""
    if isinstance(values, kind):
        raise PluginError(
            what,
            received=repr(values) if isinstance(values, str) else f"one {kind.__name__}",
            expected="a tuple",
            advice=f"write ({example},), with a comma behind the only one",
        )
    if not isinstance(values, (tuple, list)) or not all(isinstance(value, kind) for value in values):
        several = values if isinstance(values, (tuple, list)) else (values,)
        received = ", ".join(type(value).__name__ for value in several)
        raise PluginError(what, received=received, expected=f"a tuple such as ({example}, ...)")


class Model(nn.Module, ABC, Generic[ModelConfigT]):
    """A trainable model. It has an ability if it has the methods of `Encoder`, `Generator`, ...

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
