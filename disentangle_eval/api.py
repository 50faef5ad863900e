"""The interfaces everything rests on: what a model offers, what a round of training is, what a metric is given.

Shapes: B batch, C H W image, Z latent, K code.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, NamedTuple, Protocol, TypeVar, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from disentangle_eval.config import MetricConfig, ModelConfig
from disentangle_eval.latents import CodeDimension, Prior

ModelConfigT = TypeVar("ModelConfigT", bound=ModelConfig)
MetricConfigT = TypeVar("MetricConfigT", bound=MetricConfig)


class ImageShape(NamedTuple):
    """Channels, height and width of an image."""

    channels: int
    height: int
    width: int


# ---------------------------------------------------------------- randomness


class Draw(Protocol):
    """The only randomness a plugin may use. Tensors come on the device the model is on."""

    def normal(self, *shape: int) -> Tensor:
        """Standard normal, float32."""

    def uniform(self, *shape: int) -> Tensor:
        """Uniform on [0, 1), float32."""

    def integers(self, high: int, *shape: int) -> Tensor:
        """Uniform on 0 .. high - 1, int64."""

    def permutation(self, n: int, columns: int) -> Tensor:
        """(n, columns) int64; each column an independent permutation of 0 .. n - 1."""


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


# ---------------------------------------------------------------- what a model can do


@runtime_checkable
class Encoder(Protocol):
    """Has a representation. `code` says what each of its K columns holds."""

    code: tuple[CodeDimension, ...]

    def encode(self, x: Tensor) -> Tensor:
        """(B, C, H, W) in [0, 1] -> (B, K) float32, in eval mode; each row depends on its own image alone."""


@runtime_checkable
class Posterior(Protocol):
    """Has a posterior over its latent."""

    def posterior(self, x: Tensor) -> Distribution:
        """(B, C, H, W) in [0, 1] -> q(z|x), a distribution with batch shape (B, Z) or event shape (Z,)."""


@runtime_checkable
class Generator(Protocol):
    """Makes images from its prior."""

    prior: Prior

    def generate(self, z: Tensor, draw: Draw | None = None) -> Tensor:
        """(B, Z) -> (B, C, H, W) in [0, 1]. Without `draw`, inner noise takes its mean."""


@runtime_checkable
class Bottleneck(Protocol):
    """Has a variational upper bound on the information between latent and image."""

    def rate(self, z: Tensor) -> Tensor:
        """(B, Z) -> (B, R) nats: the upper bound's integrand, one column a dimension of the bottleneck."""


@runtime_checkable
class LowerBound(Protocol):
    """Reads its generator's own input back from the image: a variational lower bound on the information they share."""

    def lower_bound(self, z: Tensor, draw: Draw, iteration: int | None = None) -> Tensor:
        """(B, Z) -> (B, L) nats: log q(z|x) - log p(z) at an image x drawn from z, one column a part of the input.

        In eval mode. With `iteration`, x carries the noise that training adds in that iteration; else none.
        """


@runtime_checkable
class Likelihood(Protocol):
    """Has a density over images given its latent."""

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """(B, C, H, W) in [0, 1] and (B, Z) -> log p(x|z), (B,) nats."""


@runtime_checkable
class Reconstructor(Protocol):
    """Maps an image to the image it takes it for."""

    def reconstruct(self, x: Tensor) -> Tensor:
        """(B, C, H, W) in [0, 1] -> (B, C, H, W) in [0, 1], in eval mode."""


@dataclass(frozen=True)
class Traversal:
    """The space a model's factors are read off in: a code (B, K), and how an image is drawn from one.

    `spread` is the standard deviation of each column under the model, of a column with bounds a quarter of their
    distance, so that a sweep of two spreads either way covers what occurs; `rate` is the information each column
    carries, nats, by which rows are sorted; `origin` draws starting points, (B, K).
    """

    code: tuple[CodeDimension, ...]
    spread: Tensor
    rate: Tensor
    origin: Callable[[Draw, int], Tensor]
    render: Callable[[Tensor], Tensor]


@runtime_checkable
class Traversable(Protocol):
    """Can be drawn as a sweep over each dimension of its representation."""

    def traversal(self, draw: Draw) -> Traversal:
        """The space to sweep, estimated with the randomness lent."""


# ---------------------------------------------------------------- training


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


# ---------------------------------------------------------------- judging


class Factors(Protocol):
    """The factors behind images: `names` (F,), and `sizes` (F,), the number of classes of each."""

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def sizes(self) -> tuple[int, ...]: ...

    def __len__(self) -> int: ...

    def classes(self, index: np.ndarray) -> np.ndarray:
        """Image indices (...) of ints -> their factor classes (..., F), int64 from 0."""


@runtime_checkable
class FactorSpace(Factors, Protocol):
    """Factors of which every combination of classes is one image: a full grid, so that images can be asked for."""

    def index(self, classes: np.ndarray) -> np.ndarray:
        """Factor classes (..., F) of ints -> image indices (...), int64."""


class Dataset(Protocol):
    """Images by index, on a device, and their factors where they are known.

    A data set whose images fall into classes may also have `labels`, (N,) int64: the class of each.
    """

    @property
    def name(self) -> str: ...

    @property
    def sha256(self) -> str: ...

    @property
    def shape(self) -> ImageShape: ...

    @property
    def factors(self) -> Factors | None: ...

    def __len__(self) -> int: ...

    def images(self, index: Tensor) -> Tensor:
        """(B,) int64 -> (B, C, H, W) float32 in [0, 1], on the device of the data set."""

    def to(self, device: torch.device) -> Dataset:
        """The same images on another device."""


@runtime_checkable
class Nuisance(Protocol):
    """A data set with a nuisance: something that varies between observations of one image and is no factor.

    Training observes; metrics take `Dataset.images`, in which the nuisance is fixed for each image.
    """

    def observe(self, index: Tensor, draw: Draw) -> Tensor:
        """As `Dataset.images`, the nuisance drawn anew."""


class Subject(Protocol):
    """What is judged: a trained model on a data set, or a plain table of codes.

    `model` is None for a table. Every image is encoded at most once, whatever the metrics ask for. `factors`, `grid`
    and `labels` are there for a metric that needs them; where there are none, asking raises `UsageError`. `iteration`
    is how long the model was trained, where that is known; `peers` are the other subjects named beside this one.
    """

    code: tuple[CodeDimension, ...]
    model: Any | None
    data: Dataset | None
    iteration: int | None
    peers: Sequence[Subject]

    def __len__(self) -> int:
        """How many images there are."""

    @property
    def factors(self) -> Factors:
        """The factor classes of every image."""

    @property
    def grid(self) -> FactorSpace:
        """The same, where every combination of classes is one image."""

    @property
    def labels(self) -> np.ndarray:
        """(N,) int64, the class of each image."""

    def codes(self, index: np.ndarray) -> np.ndarray:
        """Image indices (any shape, ints) -> codes, shape `index.shape + (K,)`, float."""


@dataclass(frozen=True)
class Scores:
    """What a metric found: `values` by name (numbers, lists or nested lists of numbers), and what a code that knows
    nothing would score on the headline, or None.
    """

    values: Mapping[str, Any]
    chance: float | None = None


class Metric(ABC, Generic[MetricConfigT]):
    """A metric under one setting."""

    def __init__(self, cfg: MetricConfigT) -> None:
        self.cfg = cfg

    @abstractmethod
    def score(self, subject: Subject, seed: int) -> Scores:
        """The scores of a subject; the same seed gives the same scores."""
