"""Rendered faces: 50 persons under 21 x 11 angles in 11 lights, as Chen et al. (2018) rendered the Basel face model.

Not the 239,840 faces of Kim & Mnih (2018), of which no download is known. Read from the authors' file, which the user
brings.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from itertools import accumulate
from operator import mul
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from disentangle_eval.api import ImageShape
from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.data.files.prepared import byte_images, images_at_once
from disentangle_eval.data.files.published import damaged, identity, reading, require
from disentangle_eval.data.sets.records import FACES_FILE

IMAGE = ImageShape(1, 64, 64)
FACTORS = FactorSpace(names=("identity", "azimuth", "elevation", "lighting"), sizes=(50, 21, 11, 11))

_LOG = logging.getLogger("disentangle_eval")


def load(folder: Path | None, factors: FactorSpace = FACTORS) -> ImageDataset:
    """The faces, (1, 64, 64), with all combinations of four factors.

    `folder` holds `basel_face_renders.pth`. UsageError where it does not; DevalError if the file holds anything else.
    """
    path = require(folder, "faces", FACES_FILE)
    store, sha256 = byte_images("faces", identity(path, FACES_FILE), IMAGE, lambda: read_images(path, factors))
    return ImageDataset("faces", sha256, store, factors)


def read_images(path: Path, factors: FactorSpace) -> Iterator[np.ndarray]:
    """The images in the order of the grid, in blocks of (n, 64, 64, 1) uint8; nothing but a tensor is unpickled."""
    _LOG.info("reading %s once", path)
    shape = (*factors.sizes, IMAGE.height, IMAGE.width)
    expected = f"a tensor, uint8 of shape {shape}, or with the images in one row"
    with reading(path, expected):
        images = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(images, Tensor):
        raise damaged(path, type(images).__name__, expected)
    if images.dtype != torch.uint8 or not _holds(tuple(images.shape), len(factors)):
        raise damaged(path, f"{images.dtype} of shape {tuple(images.shape)}", expected)
    pixels = images.reshape(-1, IMAGE.height, IMAGE.width, IMAGE.channels).numpy()
    count = images_at_once(IMAGE)
    return (pixels[start : start + count] for start in range(0, len(pixels), count))


def _holds(shape: tuple[int, ...], images: int) -> bool:
    """Whether a tensor of that shape is so many images, its first axes counting them and the others their pixels."""
    return math.prod(shape) == images * math.prod(IMAGE) and images in accumulate(shape, mul)
