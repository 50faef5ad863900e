"""3D Shapes: 480,000 coloured images of a shape in a room (Burgess & Kim, 2018).

Read from the original file, which the user brings.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from disentangle_eval.api import ImageShape
from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.factor_table import table_of_values
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.data.files.prepared import byte_images, images_at_once
from disentangle_eval.data.files.published import check, damaged, identity, reading, require
from disentangle_eval.data.sets.records import SHAPES3D_FILE

IMAGE = ImageShape(3, 64, 64)
FACTORS = FactorSpace(
    names=("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation"), sizes=(10, 10, 10, 8, 4, 15)
)

_FILE = "an HDF5 file with images and labels"
_MOST_AT_ONCE = 1 << 15

_LOG = logging.getLogger("disentangle_eval")


def load(folder: Path | None, factors: FactorSpace = FACTORS) -> ImageDataset:
    """3D Shapes, (3, 64, 64), with all combinations of six factors.

    `folder` holds `3dshapes.h5`. UsageError where it does not; DevalError if the file is not the original one.
    """
    path = require(folder, "shapes3d", SHAPES3D_FILE)
    store, sha256 = byte_images("shapes3d", identity(path, SHAPES3D_FILE), IMAGE, lambda: read_images(path, factors))
    return ImageDataset("shapes3d", sha256, store, factors)


def read_images(path: Path, factors: FactorSpace) -> Iterator[np.ndarray]:
    """The images in the order of the grid, in blocks of (n, 64, 64, 3) uint8, once file and labels are found right."""
    _LOG.info("reading %s once, some minutes", path)
    check(path, SHAPES3D_FILE)
    with reading(path, _FILE), h5py.File(path, "r") as file:
        labels = _array(path, file, "labels", (len(factors), len(factors.sizes)), np.float64)[:]
        if not np.array_equal(table_of_values(labels, factors.names).table, factors.classes(np.arange(len(factors)))):
            raise damaged(path, "labels in another order", f"all combinations of {', '.join(factors.names)} in order")
        images = _array(path, file, "images", (len(factors), IMAGE.height, IMAGE.width, IMAGE.channels), np.uint8)
        count = _whole_chunks(images)
        for start in range(0, len(images), count):
            yield images[start : start + count]


def _array(path: Path, file: h5py.File, key: str, shape: tuple[int, ...], dtype: type) -> h5py.Dataset:
    array = file.get(key)
    expected = f"{key}, {np.dtype(dtype)} of shape {shape}"
    if not isinstance(array, h5py.Dataset):
        raise damaged(path, f"no array {key}", expected)
    if array.shape != shape or array.dtype != dtype:
        raise damaged(path, f"{array.dtype} of shape {array.shape}", expected)
    return array


def _whole_chunks(images: h5py.Dataset) -> int:
    """How many images to read at once, so that no chunk is unpacked twice unless chunks are very long."""
    chunk = images.chunks[0] if images.chunks else 1
    count = -(-images_at_once(IMAGE) // chunk) * chunk
    return min(count, _MOST_AT_ONCE)
