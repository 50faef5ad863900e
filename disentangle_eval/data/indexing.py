"""Data sets as sequences: `data[i]`, what is known of an image by its index, and a torch `Dataset` for any loop."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, Protocol, SupportsIndex

import numpy as np
import torch
from torch import Tensor

from disentangle_eval.api import Dataset, Draw, Factors, ImageShape, Nuisance, TrainingPart
from disentangle_eval.runtime.draws import GeneratorDraw

Item = tuple[Tensor, np.ndarray]
CPU = torch.device("cpu")


class _Images(Protocol):
    """What indexing needs of a data set; `device` is where its images come."""

    @property
    def device(self) -> torch.device: ...

    @property
    def factors(self) -> Factors | None: ...

    def __len__(self) -> int: ...

    def images(self, index: Tensor) -> Tensor: ...


class Indexing:
    """`data[i]`, `data.classes(index)` and `data.torch_dataset()`, for a data set that has images by index."""

    def __getitem__(self: _Images, i: SupportsIndex) -> Item:
        """Image i, (C, H, W) float32 in [0, 1], and what it shows as in `classes`; IndexError where there is none."""
        position = _position(i, len(self))
        image = self.images(torch.tensor([position], device=self.device))[0]
        return image, classes_of(self, position)

    def classes(self: _Images, index: Any) -> np.ndarray:
        """What the images of an index (...) of ints show, int64.

        (..., F): the class of each factor. Where there are no factors, (...): the labels. Where nothing is known,
        (..., 0).
        """
        return classes_of(self, np.asarray(index))

    def torch_dataset(self, *, fresh_nuisance: bool = False) -> TorchDataset:
        """The images and their classes as a map-style `torch.utils.data.Dataset`, as in `data[i]`, for a `DataLoader`.

        With `fresh_nuisance` a nuisance is drawn anew at every access, from torch's global generator, as when this
        toolkit trains; otherwise it is fixed for each image.
        """
        return TorchDataset(self, fresh_nuisance=fresh_nuisance)


class TorchDataset(torch.utils.data.Dataset):
    """A data set for anyone's own loop: item i is its image, (C, H, W) float32 in [0, 1], and what it shows.

    A `DataLoader` fetches whole batches at once. Move the data set to the CPU first where the loader has workers.
    """

    def __init__(self, data: Any, *, fresh_nuisance: bool = False) -> None:
        self.data = data
        self.images = _Observing(data) if fresh_nuisance and isinstance(data, Nuisance) else data.images

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, i: SupportsIndex) -> Item:
        return self.__getitems__([_position(i, len(self))])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[Item]:
        images = self.images(torch.tensor(indices, device=self.data.device))
        return list(zip(images, classes_of(self.data, np.asarray(indices)), strict=True))


class IndexedDataset(Indexing):
    """A plugin's data set in main memory with `Indexing`; everything else is the plugin's own."""

    def __init__(self, data: Dataset, device: torch.device = CPU, training_part: TrainingPart | None = None) -> None:
        self.data = data
        self.device = device
        self.training_part = training_part

    @property
    def name(self) -> str:
        return self.data.name

    @property
    def sha256(self) -> str:
        return self.data.sha256

    @property
    def shape(self) -> ImageShape:
        return self.data.shape

    @property
    def factors(self) -> Factors | None:
        return self.data.factors

    def __len__(self) -> int:
        return len(self.data)

    def images(self, index: Tensor) -> Tensor:
        """(B,) int64 on the same device -> (B, C, H, W) float32 in [0, 1]."""
        return self.data.images(index)

    def to(self, device: torch.device) -> IndexedDataset:
        """The same data set for another device."""
        return type(self)(self.data.to(device), device, self.training_part)

    def __getattr__(self, name: str) -> Any:
        # Labels, a store and whatever else the plugin's class offers; nothing is there while one is unpickled.
        if "data" not in self.__dict__:
            raise AttributeError(name)
        return getattr(self.data, name)


class IndexedNuisance(IndexedDataset):
    """As `IndexedDataset`, for a data set with a nuisance."""

    def observe(self, index: Tensor, draw: Draw) -> Tensor:
        """As `images`, the nuisance drawn anew."""
        observed: Tensor = self.data.observe(index, draw)  # type: ignore[attr-defined]
        return observed


def indexed(data: Dataset) -> Any:
    """A data set with `data[i]`, `data.classes` and `data.torch_dataset`: itself where it has them, else in a wrapper.

    `disentangle_eval.load_dataset` returns data sets of plugins this way.
    """
    if isinstance(data, Indexing):
        return data
    return IndexedNuisance(data) if isinstance(data, Nuisance) else IndexedDataset(data)


def classes_of(data: Any, index: Any) -> np.ndarray:
    """What the images of an index show; see `Indexing.classes`."""
    index = np.asarray(index)
    if data.factors is not None:
        classes: np.ndarray = data.factors.classes(index)
        return classes
    labels = getattr(data, "labels", None)
    if labels is None:
        return np.empty((*index.shape, 0), dtype=np.int64)
    return np.asarray(labels[index], dtype=np.int64)


def _position(i: SupportsIndex, count: int) -> int:
    position = operator.index(i)
    if not -count <= position < count:
        raise IndexError(f"image {position} of {count}")
    return position % count


class _Observing:
    """Draws the nuisance anew from torch's global generator of the device, which a `DataLoader` seeds per worker."""

    def __init__(self, data: Any) -> None:
        self.data = data

    def __call__(self, index: Tensor) -> Tensor:
        seed = int(torch.randint(2**63 - 1, ()))
        observed: Tensor = self.data.observe(index, GeneratorDraw(seed, self.data.device))
        return observed
