"""Drawing every dSprites image from its factors, straight into packed bits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from disentangle_eval.data.sets.dsprites.geometry import CENTRES, FACTORS, IMAGE, outline

SUBPIXELS = 256

# Counts changes that alter pixels, so that a cache from before is made again.
DRAWING_VERSION = 1

_ROW_CENTRES = SUBPIXELS * np.arange(IMAGE.height) + SUBPIXELS // 2
# Entry k: a row of pixels, first pixel in the highest bit, that is white from pixel k on.
_WHITE_FROM = np.array([(1 << (64 - k)) - 1 for k in range(65)], dtype=np.uint64)


def draw_all() -> Iterator[np.ndarray]:
    """Every image of the grid in order, in blocks of one sprite each: 720 times (1024, 512) uint8."""
    for sprite in np.ndindex(*FACTORS.sizes[:3]):
        yield draw_sprite(*sprite)


def draw_sprite(shape: int, scale: int, orientation: int) -> np.ndarray:
    """One sprite at each of its 32 x 32 places, y fastest: (1024, 512) uint8, first pixel in the highest bit.

    Vertices are rounded to 1/256 pixel after they are moved into place, none of them near a tie; the rest is integer
    arithmetic, so the bits are the same on every machine. A pixel is white when its centre is inside the outline by the
    even-odd rule; a centre on a lower or a left edge counts as inside, on an upper or a right edge as outside.
    """
    x, y = outline(shape, scale, orientation).T
    x = _subpixels(x + CENTRES[:, None])
    y = _subpixels(y + CENTRES[:, None])
    rows = np.zeros((len(CENTRES), len(CENTRES), IMAGE.height), dtype=np.uint64)

    # Edges run downwards from (x0, y0) to (x1, y1); an edge crosses a row when y0 < centre <= y1.
    next_x, next_y = np.roll(x, -1, axis=1), np.roll(y, -1, axis=1)
    top, bottom = np.minimum(y, next_y)[:, None], np.maximum(y, next_y)[:, None]
    place, row, edge = np.nonzero((top < _ROW_CENTRES[:, None]) & (_ROW_CENTRES[:, None] <= bottom))
    falls = y[place, edge] < next_y[place, edge]
    x0, x1 = np.where(falls, x[:, edge], next_x[:, edge]), np.where(falls, next_x[:, edge], x[:, edge])
    y0, y1 = top[place, 0, edge], bottom[place, 0, edge]

    # The first pixel whose centre is on the crossing or to the right of it.
    height, width = y1 - y0, x1 - x0
    along = (x0 - SUBPIXELS // 2) * height + (_ROW_CENTRES[row] - y0) * width
    first = -(-along // (SUBPIXELS * height))

    # A row is white between its odd and its even crossings: the exclusive or of what is right of each.
    starts = np.flatnonzero(np.diff(place * IMAGE.height + row, prepend=-1))
    rows[:, place[starts], row[starts]] = np.bitwise_xor.reduceat(_WHITE_FROM[first], starts, axis=1)
    return rows.astype(">u8").view(np.uint8).reshape(len(CENTRES) ** 2, -1)


def _subpixels(pixels: np.ndarray) -> np.ndarray:
    rounded: np.ndarray = np.rint(SUBPIXELS * pixels)
    return rounded.astype(np.int64)
