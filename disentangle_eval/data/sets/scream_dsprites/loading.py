"""Sprites of dSprites that invert a patch of a picture; a batch is put together when it is asked for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from disentangle_eval import DatasetSpec
from disentangle_eval.api import Draw, ImageShape
from disentangle_eval.data import (
    ColouredStore,
    NuisanceDataset,
    damaged,
    hashed_integers,
    named_after,
    require,
)
from disentangle_eval.data.sets.dsprites import DSPRITES
from disentangle_eval.data.sets.dsprites import loading as dsprites

LARGEST = (350, 274)  # width and height that the picture is made to fit into
_TINT_BITS = 24


def load(spec: DatasetSpec, folder: Path | None) -> NuisanceDataset:
    """(3, 64, 64) images with the five factors of dSprites, on random patches of the picture in `folder`.

    Which patch it is and its tint are no factors. Training sees another at every observation; `images` gives each image
    one of its own that never changes. UsageError if the picture is not there, DevalError if it cannot be used; the rest
    as for dSprites.
    """
    path = require(folder, spec.name, spec.files[0])
    sprites = dsprites.load(DSPRITES, folder)
    picture = read_picture(path, sprites.store.shape)
    checksum = hashlib.sha256(f"{picture.shape}".encode() + picture.tobytes()).hexdigest()
    pixels = torch.from_numpy(picture).permute(2, 0, 1).contiguous().float() / 255
    store = SpritesOnPicture(sprites.store, pixels)
    return NuisanceDataset(*named_after(spec.name, sprites, checksum), store, sprites.factors)


@dataclass(frozen=True, eq=False)
class SpritesOnPicture(ColouredStore):
    """Every sprite once, inverting a patch of `picture`, (3, height, width) float32 in [0, 1].

    A patch is mixed half and half with a random colour, its tint. As in the original no patch touches the lower or the
    right edge of the picture.
    """

    picture: Tensor

    @property
    def corners(self) -> tuple[int, int]:
        """How many rows and columns the upper left corner of a patch may be in."""
        _, height, width = self.picture.shape
        return height - self.shape.height, width - self.shape.width

    def images(self, index: Tensor) -> Tensor:
        """(B,) int64 on the same device -> (B, 3, H, W) float32 in [0, 1]."""
        rows, columns = self.corners
        top, left, *tint = hashed_integers(index, (rows, columns, *3 * (1 << _TINT_BITS,))).unbind(dim=1)
        return self._put(index, top, left, torch.stack(tint, dim=1).float() * 2.0**-_TINT_BITS)

    def observe(self, index: Tensor, draw: Draw) -> Tensor:
        """As `images`, each on a new patch with a new tint."""
        rows, columns = self.corners
        top, left = draw.integers(rows, len(index)), draw.integers(columns, len(index))
        return self._put(index, top, left, draw.uniform(len(index), 3))

    def to(self, device: torch.device) -> SpritesOnPicture:
        """The same images on another device."""
        return replace(self, sprites=self.sprites.to(device), picture=self.picture.to(device))

    def _put(self, index: Tensor, top: Tensor, left: Tensor, tints: Tensor) -> Tensor:
        patches = self.picture.unfold(1, self.shape.height, 1).unfold(2, self.shape.width, 1)
        grounds = (patches[:, top, left].transpose(0, 1) + tints[:, :, None, None]) / 2
        return torch.where(self.sprites.images(index) > 0, 1 - grounds, grounds)


def read_picture(path: Path, patch: ImageShape) -> np.ndarray:
    """A picture, made to fit into 350 x 274 pixels with its proportions kept: (height, width, 3) uint8.

    DevalError where it cannot be read or has not more rows and columns than a patch.
    """
    try:
        with Image.open(path) as opened:
            opened.thumbnail(LARGEST)
            picture = np.array(opened.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        received = "no picture of a known kind" if isinstance(error, UnidentifiedImageError) else error
        raise damaged(path, f"{received}", "the picture") from error
    height, width = picture.shape[:2]
    if height <= patch.height or width <= patch.width:
        received = f"{width} x {height} pixels within {LARGEST[0]} x {LARGEST[1]}"
        raise damaged(path, received, f"more than {patch.width} x {patch.height}")
    return picture
