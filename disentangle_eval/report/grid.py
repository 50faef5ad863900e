"""Images side by side as one picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from disentangle_eval.errors import DevalError
from disentangle_eval.runtime.files import write_atomically

PAPER = 255
RULE = 176
GAP = 2
TILE = 128


@dataclass(frozen=True)
class Cells:
    """Where the tiles of a picture are: tiles of `height` x `width` pixels with a thin rule around each."""

    height: int
    width: int

    def top(self, row: int) -> int:
        return GAP + row * (self.height + GAP)

    def left(self, column: int) -> int:
        return GAP + column * (self.width + GAP)


def enlargement(height: int, width: int) -> int:
    """By which whole factor images are enlarged, so that small ones are about 128 pixels wide and high."""
    return max(1, round(TILE / max(height, width)))


def grid(images: Tensor, columns: int, scale: int | None = None) -> np.ndarray:
    """(N, C, H, W) in [0, 1] -> one picture of `columns` images per row, uint8, see `table`."""
    if columns < 1:
        raise ValueError(f"columns: received {columns}, expected at least 1")
    return table(images.split(columns), scale)


def table(rows: Sequence[Tensor], scale: int | None = None) -> np.ndarray:
    """Rows of images, each (n, C, H, W) in [0, 1], as one picture: (height, width) uint8 if grey, else (..., 3).

    Every pixel becomes a square of `scale` pixels; without one, `enlargement` chooses. Rows may differ in length.
    `DevalError` for images that are neither grey nor RGB, or hold NaN.
    """
    if not rows or not all(len(row) for row in rows):
        raise ValueError(f"rows: received {[len(row) for row in rows]} images, expected at least one per row")
    scale = scale or enlargement(*rows[0].shape[2:])
    tiles = [enlarged(to_pixels(row), scale) for row in rows]
    cells = Cells(*tiles[0].shape[1:3])
    widest = max(len(row) for row in tiles)
    picture = np.full((cells.top(len(tiles)), cells.left(widest), *tiles[0].shape[3:]), PAPER, dtype=np.uint8)
    for row, images in enumerate(tiles):
        top = cells.top(row)
        picture[top - GAP : top + cells.height + GAP, : cells.left(len(images))] = RULE
        for column, image in enumerate(images):
            left = cells.left(column)
            picture[top : top + cells.height, left : left + cells.width] = image
    return picture


def to_pixels(images: Tensor) -> np.ndarray:
    """(N, C, H, W) in [0, 1] -> uint8, (N, H, W) where C is 1 and (N, H, W, 3) where C is 3."""
    if images.dim() != 4 or images.shape[1] not in (1, 3):
        shape = f"shape {tuple(images.shape)}"
        raise DevalError("images", received=shape, expected="(N, C, H, W) with 1 channel (grey) or 3 (RGB)")
    if images.isnan().any():
        raise DevalError("images", received="NaN", expected="numbers in [0, 1]")
    levels = (images.detach().float().clamp(0, 1) * 255).round().byte().cpu().numpy()
    return levels[:, 0] if levels.shape[1] == 1 else np.moveaxis(levels, 1, 3)


def enlarged(images: np.ndarray, scale: int) -> np.ndarray:
    """(N, H, W, ...) -> (N, scale H, scale W, ...), every pixel a square."""
    return images.repeat(scale, axis=1).repeat(scale, axis=2)


def save_png(path: Path, picture: np.ndarray) -> None:
    """Write a picture, whole or not at all; `DevalError` where that is not allowed."""
    from PIL import Image

    image = Image.fromarray(picture)
    write_atomically(path, lambda file: image.save(file, format="png"))
