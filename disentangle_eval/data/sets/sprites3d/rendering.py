"""Images put together on their device when they are asked for: layers of one view times colours."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from disentangle_eval.api import ImageShape
from disentangle_eval.data.sets.sprites3d import scene
from disentangle_eval.data.sets.sprites3d.tracing import FLOOR, LAYERS, OBJECT, WALL, WHITE


@dataclass(frozen=True, eq=False)
class RenderedImages:
    """Every view in every combination of colours: image i is view i % V in the colours i // V.

    `layers` (V, L * H * W) uint8 says in 256ths how much of a colour there is in each pixel of a view; `colours`
    (K, C, L) float32 holds the colours of a combination, whole numbers from 0 to 255. The sums are whole numbers too,
    which neither float32 nor TF32 rounds, so the levels are the same on every device.
    """

    layers: Tensor
    colours: Tensor
    shape: ImageShape

    def __len__(self) -> int:
        return len(self.colours) * len(self.layers)

    def images(self, index: Tensor) -> Tensor:
        """(B,) int64 on the same device -> (B, C, H, W) float32 in [0, 1], multiples of 1/255."""
        colours = self.colours.index_select(0, index // len(self.layers))
        layers = self.layers.index_select(0, index % len(self.layers)).float()
        sums = torch.bmm(colours, layers.view(len(index), colours.shape[2], -1))
        levels = sums.mul_(1 / 256).add_(0.5).floor_().clamp_(max=255)
        return levels.div_(255).view(len(index), *self.shape)

    def to(self, device: torch.device) -> RenderedImages:
        """The same images on another device."""
        return replace(self, layers=self.layers.to(device), colours=self.colours.to(device))


def colour_combinations() -> np.ndarray:
    """(1000, 3, 4) uint8: the colours of floor, wall and object, and white, for every combination of the three hues.

    The hue of the object varies fastest.
    """
    floors, walls, objects = (levels(hues) for hues in (scene.FLOOR_HUES, scene.WALL_HUES, scene.OBJECT_HUES))
    combinations = np.empty((len(floors), len(walls), len(objects), LAYERS, scene.IMAGE.channels), dtype=np.uint8)
    combinations[..., WHITE, :] = 255
    combinations[..., FLOOR, :] = floors[:, None, None]
    combinations[..., WALL, :] = walls[None, :, None]
    combinations[..., OBJECT, :] = objects[None, None, :]
    return np.ascontiguousarray(combinations.reshape(-1, LAYERS, scene.IMAGE.channels).transpose(0, 2, 1))


def levels(hues: tuple[str, ...]) -> np.ndarray:
    """Colours written as #rrggbb -> (n, 3) uint8."""
    return np.array([list(bytes.fromhex(hue.removeprefix("#"))) for hue in hues], dtype=np.uint8)
