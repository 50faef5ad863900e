"""The rendered faces, from the authors' file of one tensor."""

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

from disentangle_eval import DatasetSpec
from disentangle_eval.api import ImageShape
from disentangle_eval.data import (
    FactorSpace,
    ImageDataset,
    byte_images,
    damaged,
    identity,
    images_at_once,
    reading,
    require,
)
from disentangle_eval.data.sets.faces.config import FacesConfig

IMAGE = ImageShape(1, 64, 64)

_LOG = logging.getLogger("disentangle_eval")


def load(spec: DatasetSpec, folder: Path | None, cfg: FacesConfig) -> ImageDataset:
    """The faces, (1, 64, 64) or (1, 32, 32), with all combinations of four factors.

    `folder` holds `basel_face_renders.pth`. UsageError where it does not; DevalError if the file holds anything else.
    """
    path = require(folder, spec.name, spec.files[0])
    factors, key = FactorSpace.parse(spec.factors), identity(path, spec.files[0])
    if cfg.size == IMAGE.height:
        store, sha256 = byte_images(spec.name, key, IMAGE, lambda: read_images(path, factors))
    else:
        small, name = ImageShape(1, cfg.size, cfg.size), f"{spec.name}{cfg.size}"
        store, sha256 = byte_images(name, key, small, lambda: map(halved, read_images(path, factors)))
    return ImageDataset(spec.name, sha256, store, factors)


def halved(images: np.ndarray) -> np.ndarray:
    """(n, 2H, 2W, C) uint8 -> (n, H, W, C): means of 2 x 2 pixels, rounded, halves to even."""
    n, height, width, channels = images.shape
    blocks = images.reshape(n, height // 2, 2, width // 2, 2, channels)
    means: np.ndarray = np.rint(blocks.mean(axis=(2, 4)))
    return means.astype(np.uint8)


def read_images(path: Path, factors: FactorSpace) -> Iterator[np.ndarray]:
    """The images in the order of the grid, in blocks of (n, 64, 64, 1) uint8; nothing but a tensor is unpickled."""
    _LOG.info("reading %s, once", path)
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
