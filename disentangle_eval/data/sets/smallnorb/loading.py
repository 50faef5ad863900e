"""SmallNORB from the six official files: poses of toys, and which toy of its kind is seen as a nuisance."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from disentangle_eval import DatasetSpec
from disentangle_eval.api import Draw, ImageShape
from disentangle_eval.data import FactorSpace, ImageStore, NuisanceDataset, byte_images, hashed_integers
from disentangle_eval.data.sets.smallnorb.files import IMAGE, Part, find_part, read_images

# Which toys of a category the three training files show, and which the three test files.
INSTANCES = ((4, 6, 7, 8, 9), (0, 1, 2, 3, 5))

# Counts changes that alter images.
_VERSION = 1


@dataclass(frozen=True, eq=False)
class Instances:
    """Several toys in every pose, of which image i always shows the same one, or one drawn anew.

    `pictures` holds the toys of a pose one after the other, `each` of them per pose.
    """

    pictures: ImageStore
    each: int

    @property
    def shape(self) -> ImageShape:
        return self.pictures.shape

    def __len__(self) -> int:
        return len(self.pictures) // self.each

    def images(self, index: Tensor) -> Tensor:
        """(B,) int64 on the same device -> (B, C, H, W) float32 in [0, 1]."""
        return self.pictures.images(index * self.each + hashed_integers(index, (self.each,))[:, 0])

    def observe(self, index: Tensor, draw: Draw) -> Tensor:
        """As `images`, each of a toy drawn anew."""
        return self.pictures.images(index * self.each + draw.integers(self.each, len(index)))

    def to(self, device: torch.device) -> Instances:
        """The same images on another device."""
        return replace(self, pictures=self.pictures.to(device))


def load(spec: DatasetSpec, folder: Path | None) -> NuisanceDataset:
    """SmallNORB at (1, 64, 64), the left picture of each pair, with all combinations of four factors.

    Which of the ten toys of its category an image shows is no factor: training sees any, `images` one that never
    changes. `folder` holds the six files, packed or not. UsageError where it does not; DevalError if one is not the
    official one.
    """
    factors = FactorSpace.parse(spec.factors)
    found = [find_part(spec, folder, part) for part in _parts(spec)]
    key = " ".join([f"smallnorb {_VERSION}", *(file.identity() for part in found for file in part.files)])
    pictures, sha256 = byte_images(spec.name, key, IMAGE, lambda: [read_images(found, factors)])
    store = Instances(pictures, len(pictures) // len(factors))
    checksum = hashlib.sha256(f"smallnorb {_VERSION} {sha256}".encode()).hexdigest()
    return NuisanceDataset(spec.name, checksum, store, factors)


def _parts(spec: DatasetSpec) -> list[Part]:
    """The halves of the set: three files each, and the toys they show."""
    images, categories, info = spec.files[0::3], spec.files[1::3], spec.files[2::3]
    return [Part(*part) for part in zip(images, categories, info, INSTANCES, strict=True)]
