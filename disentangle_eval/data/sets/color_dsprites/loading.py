"""The sprites of dSprites in colour on black, a batch being coloured when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from disentangle_eval import DatasetSpec
from disentangle_eval.api import Draw, ImageShape
from disentangle_eval.data import ColouredStore, FactorSpace, ImageDataset, ImageStore, NuisanceDataset, named_after
from disentangle_eval.data.sets.dsprites import DSPRITES
from disentangle_eval.data.sets.dsprites import loading as dsprites

LEVELS = 8
COLOURS = LEVELS**3


def load_ibgan(spec: DatasetSpec, folder: Path | None) -> ImageDataset:
    """IB-GAN's variant (Jeon et al., 2021): (3, 64, 64) images, each sprite in each of 512 colours, a sixth factor.

    The factor `colour`, which varies slowest, has the class 64 r + 8 g + b with r, g and b one of 8 levels from 0 to 1;
    class 0 is black, and so are its images. `folder` as for dSprites.
    """
    sprites = dsprites.load(DSPRITES, folder)
    assert sprites.factors is not None
    factors = FactorSpace(("colour", *sprites.factors.names), (COLOURS, *sprites.factors.sizes))
    return ImageDataset(*named_after(spec.name, sprites), ColourGrid(sprites.store), factors)


def load_locatello(spec: DatasetSpec, folder: Path | None) -> NuisanceDataset:
    """Locatello et al.'s variant (2019): (3, 64, 64) images with the five factors of dSprites.

    The colour, each channel uniform between 0.5 and 1, is no factor. Training sees a new one at every observation;
    `images` gives each image a colour of its own that never changes. `folder` as for dSprites.
    """
    sprites = dsprites.load(DSPRITES, folder)
    store = TintedSprites(sprites.store, fixed_tints(len(sprites)))
    return NuisanceDataset(*named_after(spec.name, sprites), store, sprites.factors)


@dataclass(frozen=True, eq=False)
class ColourGrid:
    """Every sprite in every colour: image i is sprite i % N in the colour of class i // N."""

    sprites: ImageStore

    @property
    def shape(self) -> ImageShape:
        return self.sprites.shape._replace(channels=3)

    def __len__(self) -> int:
        return COLOURS * len(self.sprites)

    def images(self, index: Tensor) -> Tensor:
        """(B,) int64 on the same device -> (B, 3, H, W) float32, multiples of 1/7."""
        colour = index // len(self.sprites)
        levels = torch.stack([colour // LEVELS**2, colour // LEVELS % LEVELS, colour % LEVELS], dim=1)
        return paint(self.sprites.images(index % len(self.sprites)), levels / (LEVELS - 1))

    def to(self, device: torch.device) -> ColourGrid:
        """The same images on another device."""
        return ColourGrid(self.sprites.to(device))


@dataclass(frozen=True, eq=False)
class TintedSprites(ColouredStore):
    """Every sprite once, in its own colour of `tints`, (N, 3) float32 in [0.5, 1], or in one drawn anew."""

    tints: Tensor

    def images(self, index: Tensor) -> Tensor:
        """(B,) int64 on the same device -> (B, 3, H, W) float32 in [0, 1]."""
        return paint(self.sprites.images(index), self.tints.index_select(0, index))

    def observe(self, index: Tensor, draw: Draw) -> Tensor:
        """As `images`, each in a new colour."""
        return paint(self.sprites.images(index), 0.5 + 0.5 * draw.uniform(len(index), 3))

    def to(self, device: torch.device) -> TintedSprites:
        """The same images on another device."""
        return replace(self, sprites=self.sprites.to(device), tints=self.tints.to(device))


def paint(sprites: Tensor, colours: Tensor) -> Tensor:
    """Masks (B, 1, H, W) and colours (B, 3) -> (B, 3, H, W), on black."""
    return sprites * colours[:, :, None, None]


def fixed_tints(n: int) -> Tensor:
    """(n, 3) float32, uniform on [0.5, 1): the same on every machine, since numpy keeps this generator's bits."""
    bits = np.random.PCG64(0).random_raw(3 * n) >> np.uint64(40)
    return torch.from_numpy((0.5 + bits / 2**25).astype(np.float32)).view(n, 3)
