"""Data sets: images by index, with their factors or labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor

    from disentangle_eval.api.abilities import Draw


class ImageShape(NamedTuple):
    """Channels, height and width of an image."""

    channels: int
    height: int
    width: int


class Factors(Protocol):
    """The factors behind the images of a data set."""

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each factor, (F,)."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """The number of classes of each factor, (F,)."""

    def __len__(self) -> int:
        """Number of images."""

    def classes(self, index: np.ndarray) -> np.ndarray:
        """Image indices (...) of ints -> their factor classes (..., F), int64 from 0."""


@runtime_checkable
class FactorGrid(Factors, Protocol):
    """Factors of which every combination of classes is one image: a full grid, in which images are found by classes."""

    def index(self, classes: np.ndarray) -> np.ndarray:
        """Factor classes (..., F) of ints -> image indices (...), int64."""


class Dataset(Protocol):
    """Images by index, on a device, with their factors if they are known.

    A data set whose images have classes may also have `labels`, (N,) int64. If training uses only a part of the images,
    that is its `training_part` (`TrainingPart`).
    """

    @property
    def name(self) -> str:
        """Which data it is and where it is from, such as `dsprites@drawn`; results report it."""

    @property
    def sha256(self) -> str:
        """Checksum of the images, 64 hexadecimal digits: the same data set on every machine has the same."""

    @property
    def shape(self) -> ImageShape:
        """Shape of one image."""

    @property
    def factors(self) -> Factors | None:
        """The factors of the images, None if they are not known."""

    def __len__(self) -> int:
        """Number of images."""

    def images(self, index: Tensor) -> Tensor:
        """(B,) int64 -> (B, C, H, W) float32 in [0, 1], on the device of the data set."""

    def to(self, device: torch.device) -> Dataset:
        """The same images on another device."""


class TrainingPart(Protocol):
    """The images of a data set that training uses, as its attribute `training_part`; metrics use all of them."""

    def __len__(self) -> int:
        """Images per epoch."""

    def order(self, generator: torch.Generator) -> Tensor:
        """The images of one epoch, (n,) int64 on the CPU, in an order that follows from the generator."""


@runtime_checkable
class Nuisance(Protocol):
    """A data set with a nuisance, which varies between observations of one image and is not a factor.

    Training calls `observe`; metrics use `Dataset.images`, in which the nuisance is fixed for each image.
    """

    def observe(self, index: Tensor, draw: Draw) -> Tensor:
        """As `Dataset.images`, the nuisance drawn anew."""
