"""A data set: stored images, their name and checksum, and the factors or classes behind them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from torch import Tensor

from disentangle_eval.api import Dataset, Factors, ImageShape, TrainingPart
from disentangle_eval.data.image_store import ImagesAhead, ImageStore
from disentangle_eval.data.indexing import CPU, Indexing


@dataclass(frozen=True, eq=False)
class ImageDataset(Indexing):
    """Images by index, on a device.

    `name` says which data it is and where it came from (`dsprites@drawn`), `sha256` is the checksum of the stored
    images. With `factors`, image i shows the classes `factors.classes(i)`; with `labels`, (N,) int64, it is of the
    class `labels[i]`. `device` is the device of the images it returns. With a `training_part`
    training sees only that part. ValueError if the numbers of images, factors and labels differ.
    """

    name: str
    sha256: str
    store: ImageStore
    factors: Factors | None = None
    labels: np.ndarray | None = None
    device: torch.device = CPU
    training_part: TrainingPart | None = None

    def __post_init__(self) -> None:
        if self.factors is not None and len(self.factors) != len(self.store):
            raise ValueError(f"{self.name}: {len(self.store)} images for the factors of {len(self.factors)}")
        if self.labels is not None and self.labels.shape != (len(self.store),):
            raise ValueError(f"{self.name}: {len(self.store)} images for labels of shape {self.labels.shape}")

    @property
    def shape(self) -> ImageShape:
        return self.store.shape

    def __len__(self) -> int:
        return len(self.store)

    def images(self, index: Tensor) -> Tensor:
        """(B,) int64 on the same device -> (B, C, H, W) float32 in [0, 1]."""
        return self.store.images(index)

    def to(self, device: torch.device) -> Self:
        """The same data set for another device: its images on it where they fit, else in main memory."""
        return replace(self, store=self.store.to(device), device=device)


def labels_of(data: Dataset) -> np.ndarray | None:
    """The class of each image, (N,), or None where a data set has no labels."""
    labels: np.ndarray | None = getattr(data, "labels", None)
    return labels


def images_ahead(data: Dataset) -> ImagesAhead | None:
    """The store of a data set that gathers batches ahead, its images being in main memory; None for any other."""
    store = getattr(data, "store", None)
    return store if isinstance(store, ImagesAhead) else None


def gathered_apart(data: Dataset) -> Dataset:
    """The same images, whose batches are gathered ahead for one user alone; a data set that gathers none as it is."""
    store = images_ahead(data)
    if store is None or not isinstance(data, ImageDataset):
        return data
    return replace(data, store=store.apart())
