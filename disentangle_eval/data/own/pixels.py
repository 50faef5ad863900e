"""Arrays of images in the forms people keep them in, as (N, C, H, W) bytes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from disentangle_eval.api import ImageShape
from disentangle_eval.errors import UsageError

CHANNELS = (1, 3)
_FORMS = "(N, H, W), (N, H, W, C) or (N, C, H, W) with C 1 or 3, uint8, bool, or floats from 0 to 1"
_IMAGES_AT_ONCE = 1024


@dataclass(frozen=True)
class Layout:
    """The form of an array of images: the shape of one, the type of its values, and where its channels are."""

    image: ImageShape
    dtype: np.dtype
    channels_last: bool

    def pixels(self, rows: np.ndarray) -> np.ndarray:
        """Some of the images -> (B, C, H, W) uint8; floats are rounded to multiples of 1/255.

        UsageError for floats outside 0 to 1.
        """
        if rows.dtype == bool:
            rows = rows.astype(np.uint8) * np.uint8(255)
        elif rows.dtype != np.uint8:
            rows = _levels(rows)
        if self.channels_last:
            return rows.transpose(0, 3, 1, 2)
        return rows.reshape(len(rows), *self.image)


def layout_of(shape: tuple[int, ...], dtype: np.dtype) -> Layout:
    """The layout of an array of images; UsageError for one that is none, or that can be read in two ways."""
    received = f"{dtype} of shape {shape}"
    if (dtype != np.uint8 and dtype.kind not in "bf") or len(shape) not in (3, 4) or 0 in shape:
        raise UsageError("images", received=received, expected=_FORMS)
    if len(shape) == 3:
        return Layout(ImageShape(1, *shape[1:]), dtype, channels_last=False)
    first, last = shape[1] in CHANNELS, shape[3] in CHANNELS
    if first == last:
        either = ", which may be either" if first else ""
        raise UsageError("images", received=f"{received}{either}", expected=_FORMS)
    image = ImageShape(shape[3], *shape[1:3]) if last else ImageShape(*shape[1:])
    return Layout(image, dtype, channels_last=last)


def gather(layout: Layout, count: int, batches: Iterable[np.ndarray], order: np.ndarray | None) -> np.ndarray:
    """All images, (N, C, H, W) uint8: the `order[i]`-th that the batches hold is image i, or the i-th without an order.

    Needs the memory of its result and of a batch. ValueError where there are fewer or more than `count`.
    """
    pixels = np.empty((count, *layout.image), dtype=np.uint8)
    place = None
    if order is not None:
        place = np.empty(count, dtype=np.int64)
        place[order] = np.arange(count)
    start = 0
    for rows in batches:
        stop = start + len(rows)
        if stop > count:
            break
        if place is None:
            pixels[start:stop] = layout.pixels(rows)
        else:
            pixels[place[start:stop]] = layout.pixels(rows)
        start = stop
    if start != count:
        raise ValueError(f"{start} images, expected {count}")
    return pixels


def is_black_and_white(pixels: np.ndarray, *, white: int) -> bool:
    """Whether images hold nothing but 0 and `white`."""
    if pixels.max() not in (0, white):
        return False
    return all(((batch == 0) | (batch == white)).all() for batch in batches_of(pixels))


def pack(pixels: np.ndarray) -> np.ndarray:
    """Black and white images (N, C, H, W) -> (N, ceil(C * H * W / 8)) uint8, white where not 0."""
    return np.concatenate([np.packbits(batch.reshape(len(batch), -1) != 0, axis=1) for batch in batches_of(pixels)])


def batches_of(pixels: np.ndarray) -> Iterable[np.ndarray]:
    """Some images at a time."""
    return (pixels[start : start + _IMAGES_AT_ONCE] for start in range(0, len(pixels), _IMAGES_AT_ONCE))


def _levels(rows: np.ndarray) -> np.ndarray:
    low, high = rows.min(), rows.max()
    if not (low >= 0 and high <= 1):
        received = f"floats from {low:g} to {high:g}"
        advice = "scale them, or store them as uint8"
        raise UsageError("images", received=received, expected="0 to 1", advice=advice)
    return np.rint(rows.astype(np.float32) * 255).astype(np.uint8)
