"""SmallNORB: grey photographs of 50 toys of five kinds (LeCun, Huang & Bottou, 2004).

Read from the six official files, three of the training part and three of the test part, which the user brings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from disentangle_eval.api import Draw, ImageShape
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.data.files.prepared import byte_images
from disentangle_eval.data.image_store import ImageStore
from disentangle_eval.data.index_hash import hashed_integers
from disentangle_eval.data.nuisance import NuisanceDataset
from disentangle_eval.data.sets.records import SMALLNORB_TEST_FILES, SMALLNORB_TRAIN_FILES
from disentangle_eval.data.sets.smallnorb.files import IMAGE, Part, find_part, read_images

FACTORS = FactorSpace(names=("category", "elevation", "azimuth", "lighting"), sizes=(5, 9, 18, 6))
PARTS = (Part(*SMALLNORB_TRAIN_FILES, (4, 6, 7, 8, 9)), Part(*SMALLNORB_TEST_FILES, (0, 1, 2, 3, 5)))

# Counts changes that alter images.
_VERSION = 1


@dataclass(frozen=True, eq=False)
class Instances:
    """Several toys in every pose, of which image i shows always the same one, or one drawn anew.

    `pictures` holds the toys of a pose one after the other, `each` of them.
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


def load(folder: Path | None, factors: FactorSpace = FACTORS, parts: Sequence[Part] = PARTS) -> NuisanceDataset:
    """SmallNORB at (1, 64, 64), the left picture of each pair, with all combinations of four factors.

    Which of the ten toys of its category an image shows is no factor: training sees any, `images` one that never
    changes. `folder` holds the six files, packed or not. UsageError where it does not; DevalError if one is not the
    official one.
    """
    found = [find_part(folder, part) for part in parts]
    key = " ".join([f"smallnorb {_VERSION}", *(file.identity() for part in found for file in part.files)])
    pictures, sha256 = byte_images("smallnorb", key, IMAGE, lambda: [read_images(found, factors)])
    store = Instances(pictures, len(pictures) // len(factors))
    return NuisanceDataset(
        "smallnorb", hashlib.sha256(f"smallnorb {_VERSION} {sha256}".encode()).hexdigest(), store, factors
    )
