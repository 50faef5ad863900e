"""A traversal in motion: all dimensions side by side, each swept back and forth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from disentangle_eval.report.grid import GAP, PAPER, RULE, enlarged, enlargement, to_pixels
from disentangle_eval.report.labels import Label, text_size, text_width, write
from disentangle_eval.report.traversal import Sweep, describe
from disentangle_eval.runtime.files import write_atomically

if TYPE_CHECKING:
    from PIL.Image import Image

POSITIONS = 21
FRAME_MILLISECONDS = 80
LEVELS = 32
LEAST_IN_A_ROW = 5


def frames(sweeps: Sequence[Sweep]) -> list[np.ndarray]:
    """The pictures of one period: from the first position to the last and back, 2 n - 2 for sweeps of n positions.

    Every sweep is a tile under its label, in the order given; shorter sweeps stay longer at each position.
    """
    scale = enlargement(*sweeps[0].images.shape[2:])
    tiles = [enlarged(to_pixels(sweep.images), scale) for sweep in sweeps]
    page, corners = _page(sweeps, tiles)
    longest = max(len(images) for images in tiles)
    return [_frame(page, corners, tiles, at / max(1, longest - 1)) for at in to_and_fro(longest)]


def to_and_fro(n: int) -> list[int]:
    """0 to n - 1 and back to 1, so that a repetition neither jumps nor shows a position twice in a row."""
    return [*range(n), *range(n - 2, 0, -1)]


def save_gif(path: Path, pictures: Sequence[np.ndarray]) -> None:
    """Write pictures as an endless GIF, whole or not at all; `DevalError` where that is not allowed."""
    first, *rest = _indexed(pictures)
    write_atomically(
        path,
        lambda file: first.save(
            file, format="gif", save_all=True, append_images=rest, duration=FRAME_MILLISECONDS, loop=0
        ),
    )


def _page(sweeps: Sequence[Sweep], tiles: Sequence[np.ndarray]) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """What stays while the tiles move: labels and rules; and the top left corner of each tile."""
    height, width = tiles[0].shape[1:3]
    size = text_size(height)
    labels = [describe(sweep) for sweep in sweeps]
    head = round(1.25 * size * max(len(lines) for lines in labels)) + size // 2
    pitch = max(width + 2 * GAP, text_width([line for lines in labels for line in lines], size)) + size
    columns = min(len(sweeps), max(LEAST_IN_A_ROW, math.ceil(math.sqrt(2 * len(sweeps)))))
    rows = math.ceil(len(sweeps) / columns)
    stride = head + height + 2 * GAP + size // 2
    page = np.full((rows * stride + size // 2, columns * pitch, *tiles[0].shape[3:]), PAPER, dtype=np.uint8)
    corners = []
    words = []
    for number, lines in enumerate(labels):
        row, column = divmod(number, columns)
        top = row * stride + head + size // 2
        left = column * pitch + (pitch - width) // 2
        page[top - GAP : top + height + GAP, left - GAP : left + width + GAP] = RULE
        corners.append((top, left))
        foot = top - GAP - size // 2
        words.append(Label(lines, left + width / 2, foot - 1.25 * size * len(lines) / 2, "centre"))
    return write(page, words, size), corners


def _frame(
    page: np.ndarray, corners: Sequence[tuple[int, int]], tiles: Sequence[np.ndarray], part: float
) -> np.ndarray:
    """`part` of the way from each sweep's first position to its last."""
    frame = page.copy()
    for (top, left), images in zip(corners, tiles, strict=True):
        image = images[round(part * (len(images) - 1))]
        frame[top : top + image.shape[0], left : left + image.shape[1]] = image
    return frame


def _indexed(pictures: Sequence[np.ndarray]) -> list[Image]:
    """Pictures with few colours, the same in all: flat areas compress, and nothing flickers."""
    from PIL import Image

    if pictures[0].ndim == 2:
        steps = np.round(np.round(np.arange(256) / 255 * (LEVELS - 1)) * 255 / (LEVELS - 1)).astype(np.uint8)
        return [Image.fromarray(steps[picture]) for picture in pictures]
    some = np.concatenate(pictures[:: max(1, len(pictures) // 5)])
    palette = Image.fromarray(some).quantize(256, method=Image.Quantize.FASTOCTREE)
    return [Image.fromarray(picture).quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
