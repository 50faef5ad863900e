"""Latents: the prior of a generator's input, and the meaning of each dimension of a code."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from disentangle_eval import gaussians

if TYPE_CHECKING:
    from torch import Tensor

    from disentangle_eval.api import Draw


@dataclass(frozen=True)
class Normal:
    """`dim` independent standard normal latents."""

    dim: int

    @property
    def width(self) -> int:
        """Columns of a sample: `dim`."""
        return self.dim

    def sample(self, draw: Draw, batch: int) -> Tensor:
        """(batch, dim) float32."""
        return draw.normal(batch, self.dim)

    def log_prob(self, z: Tensor) -> Tensor:
        """(B, dim) -> (B,) in nats."""
        return gaussians.standard_log_density(z).sum(dim=1)


@dataclass(frozen=True)
class Uniform:
    """`dim` independent latents, uniform between `low` and `high`."""

    dim: int
    low: float = -1.0
    high: float = 1.0

    @property
    def width(self) -> int:
        """Columns of a sample: `dim`."""
        return self.dim

    def sample(self, draw: Draw, batch: int) -> Tensor:
        """(batch, dim) float32, from `low` to below `high`."""
        return self.low + (self.high - self.low) * draw.uniform(batch, self.dim)

    def log_prob(self, z: Tensor) -> Tensor:
        """(B, dim) -> (B,) in nats, minus infinity for what is outside of the bounds."""
        inside = ((z >= self.low) & (z <= self.high)).all(dim=1)
        density = z.new_full((z.shape[0],), -self.dim * math.log(self.high - self.low))
        return density.masked_fill(~inside, -math.inf)


@dataclass(frozen=True)
class OneHot:
    """One categorical latent of `classes` equally likely values, fed to the generator as a one-hot vector.

    Its density is a probability, and 0 for what is not a one-hot vector.
    """

    classes: int

    @property
    def width(self) -> int:
        """Columns of a sample: `classes`."""
        return self.classes

    def sample(self, draw: Draw, batch: int) -> Tensor:
        """(batch, classes) float32, one-hot."""
        import torch

        return torch.nn.functional.one_hot(draw.integers(self.classes, batch), self.classes).float()

    def log_prob(self, z: Tensor) -> Tensor:
        """(B, classes) -> (B,) in nats: -log(classes), minus infinity for what is not one-hot."""
        one_hot = ((z == 0) | (z == 1)).all(dim=1) & (z.sum(dim=1) == 1)
        return z.new_full((z.shape[0],), -math.log(self.classes)).masked_fill(~one_hot, -math.inf)


Part = Normal | Uniform | OneHot


@dataclass(frozen=True)
class Prior:
    """The distribution of a generator's input: independent parts, concatenated.

    A sample has shape (B, Z) with Z the sum of the parts' widths; the parts' columns are in the order given.
    """

    parts: tuple[Part, ...]

    @property
    def dim(self) -> int:
        """Z, the columns of a sample."""
        return sum(part.width for part in self.parts)

    def sample(self, draw: Draw, batch: int) -> Tensor:
        """(B, Z), drawn with the given randomness."""
        import torch

        return torch.cat([part.sample(draw, batch) for part in self.parts], dim=1)

    def log_prob(self, z: Tensor) -> Tensor:
        """(B, Z) -> (B,) in nats."""
        import torch

        columns = z.split([part.width for part in self.parts], dim=1)
        return torch.stack([part.log_prob(block) for part, block in zip(self.parts, columns, strict=True)]).sum(dim=0)


@dataclass(frozen=True)
class Continuous:
    """A code dimension that holds a real number."""


@dataclass(frozen=True)
class Categorical:
    """A code dimension that holds a class index, 0 to `classes` - 1."""

    classes: int


CodeDimension = Continuous | Categorical


def continuous(dim: int) -> tuple[CodeDimension, ...]:
    """A code of `dim` real numbers."""
    return (Continuous(),) * dim


def with_classes(classes: Sequence[int]) -> tuple[CodeDimension, ...]:
    """A code by the number of classes of each column, 0 for a real number."""
    return tuple(Categorical(number) if number else Continuous() for number in classes)


def classes_of(code: Sequence[CodeDimension]) -> list[int]:
    """The number of classes of each column of a code table, 0 for a real number."""
    return [dimension.classes if isinstance(dimension, Categorical) else 0 for dimension in code]


def is_categorical(code: Sequence[CodeDimension]) -> list[bool]:
    """Which columns of a code table hold class indices."""
    return [isinstance(dimension, Categorical) for dimension in code]
