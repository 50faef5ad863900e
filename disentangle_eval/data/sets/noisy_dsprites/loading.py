"""White sprites of dSprites on coloured noise, which is made when a batch is asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from disentangle_eval import DatasetSpec
from disentangle_eval.api import Draw
from disentangle_eval.data import ColouredStore, NuisanceDataset, hashed_uniform, named_after
from disentangle_eval.data.sets.dsprites import DSPRITES
from disentangle_eval.data.sets.dsprites import loading as dsprites


def load(spec: DatasetSpec, folder: Path | None) -> NuisanceDataset:
    """(3, 64, 64) images with the five factors of dSprites: the sprite white, the channels of all other pixels uniform.

    The noise is no factor. Training sees new noise at every observation; `images` gives each image noise of its own
    that never changes. `folder` as for dSprites.
    """
    sprites = dsprites.load(DSPRITES, folder)
    return NuisanceDataset(*named_after(spec.name, sprites), NoisySprites(sprites.store), sprites.factors)


@dataclass(frozen=True, eq=False)
class NoisySprites(ColouredStore):
    """Every sprite once, in white, on noise of its own or on noise drawn anew."""

    def images(self, index: Tensor) -> Tensor:
        """(B,) int64 on the same device -> (B, 3, H, W) float32 in [0, 1]."""
        noise = hashed_uniform(index, math.prod(self.shape)).view(len(index), *self.shape)
        return torch.maximum(self.sprites.images(index), noise)

    def observe(self, index: Tensor, draw: Draw) -> Tensor:
        """As `images`, on new noise."""
        return torch.maximum(self.sprites.images(index), draw.uniform(len(index), *self.shape))

    def to(self, device: torch.device) -> NoisySprites:
        """The same images on another device."""
        return replace(self, sprites=self.sprites.to(device))
