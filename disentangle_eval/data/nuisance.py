"""Data sets made from another by a nuisance: what is drawn anew at every observation and fixed for each image."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from disentangle_eval.api import Draw, ImageShape
from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.image_store import ImageStore


class NuisanceStore(Protocol):
    """An `ImageStore` that also draws the nuisance anew."""

    @property
    def shape(self) -> ImageShape: ...

    def __len__(self) -> int: ...

    def images(self, index: Tensor) -> Tensor:
        """(B,) int64 on the same device -> (B, C, H, W) float32 in [0, 1], the nuisance fixed for each image."""

    def observe(self, index: Tensor, draw: Draw) -> Tensor:
        """As `images`, the nuisance drawn anew."""

    def to(self, device: torch.device) -> NuisanceStore:
        """The same images on another device."""


@dataclass(frozen=True, eq=False)
class ColouredStore:
    """A base of stores that make the grey images of another, each once, into images of three channels."""

    sprites: ImageStore

    @property
    def shape(self) -> ImageShape:
        return self.sprites.shape._replace(channels=3)

    def __len__(self) -> int:
        return len(self.sprites)


@dataclass(frozen=True, eq=False)
class NuisanceDataset(ImageDataset):
    """A data set with a nuisance (`disentangle_eval.api.Nuisance`)."""

    store: NuisanceStore

    def observe(self, index: Tensor, draw: Draw) -> Tensor:
        """As `images`, the nuisance drawn anew."""
        return self.store.observe(index, draw)


def named_after(name: str, source: ImageDataset, *also: str) -> tuple[str, str]:
    """A name that says where `source` came from, and a checksum that follows from its own and from what is `also` used.

    The number in it counts changes that alter images.
    """
    origin = source.name.partition("@")[2]
    made_from = " ".join([name, "1", source.sha256, *also])
    return f"{name}@{origin}", hashlib.sha256(made_from.encode()).hexdigest()
