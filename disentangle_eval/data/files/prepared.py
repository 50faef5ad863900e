"""Images read from published files once, then kept in the cache folder, one byte per pixel and channel."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import torch

from disentangle_eval.api import ImageShape
from disentangle_eval.data.files.cache import cached_array
from disentangle_eval.data.files.locations import cache_folder
from disentangle_eval.data.images import ByteImages

_BYTES_AT_ONCE = 1 << 26


def byte_images(
    name: str, key: str, shape: ImageShape, read: Callable[[], Iterable[np.ndarray]]
) -> tuple[ByteImages, str]:
    """The images of the data set `name`, and their sha256.

    Where the cache does not hold them under `key`, `read` gives them in order, in blocks of (n, H, W, C) uint8. That is
    how most files hold colours, and how `ByteImages` gathers them quickest.
    """

    def blocks() -> Iterable[np.ndarray]:
        for block in read():
            yield block.reshape(len(block), -1)

    packed, sha256 = cached_array(cache_folder() / f"{name}.bytes", key, blocks)
    pixels = torch.from_numpy(packed.reshape(-1, shape.height, shape.width, shape.channels))
    return ByteImages(pixels.permute(0, 3, 1, 2)), sha256


def images_at_once(shape: ImageShape) -> int:
    """How many images make a block of moderate size."""
    return max(1, _BYTES_AT_ONCE // (shape.channels * shape.height * shape.width))
