"""3D Shapes: 480,000 coloured images of a shape in a room (Burgess & Kim, 2018).

Read from the original file, which the user brings.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from disentangle_eval import DataFile, DatasetSpec, data
from disentangle_eval.api import ImageShape

if TYPE_CHECKING:
    import numpy as np

IMAGE = ImageShape(3, 64, 64)

_LOG = logging.getLogger("disentangle_eval")


def load(spec: DatasetSpec, folder: Path | None) -> data.ImageDataset:
    """3D Shapes, (3, 64, 64), with all combinations of six factors.

    `folder` holds `3dshapes.h5`. UsageError where it does not; DevalError if the file is not the original one.
    """
    path = data.require(folder, spec.name, spec.files[0])
    key = data.identity(path, spec.files[0])
    factors = data.FactorSpace.parse(spec.factors)
    store, sha256 = data.byte_images(spec.name, key, IMAGE, lambda: read_images(spec, path, factors))
    return data.ImageDataset(spec.name, sha256, store, factors)


def read_images(spec: DatasetSpec, path: Path, factors: data.FactorSpace) -> Iterator[np.ndarray]:
    """The images in the order of the grid, in blocks of (n, 64, 64, 3) uint8, once file and labels are found right."""
    _LOG.info("reading %s, once", path)
    data.check(path, spec.files[0])
    labels = data.read_hdf5_array(path, "labels", (len(factors), len(factors.sizes)), float)
    published = data.table_of_values(labels, factors.names)
    if published.sizes != factors.sizes or not data.is_in_grid_order(published):
        expected = f"all combinations of {', '.join(factors.names)} in order"
        raise data.damaged(path, "labels in another order", expected)
    shape = (len(factors), IMAGE.height, IMAGE.width, IMAGE.channels)
    yield from data.read_hdf5_blocks(path, "images", shape, data.images_at_once(IMAGE))


DATASETS = (
    DatasetSpec(
        name="shapes3d",
        summary="480,000 colour 64x64 images of a shape in a room: three hues, scale, shape, orientation",
        target="disentangle_eval.data.sets.shapes3d:load",
        kind="factors",
        files=(
            DataFile(
                path="3dshapes/3dshapes.h5",
                also=("3dshapes.h5", "3d-shapes/3dshapes.h5"),
                urls=("https://storage.googleapis.com/3d-shapes/3dshapes.h5",),
                checksum="sha256:0a0f6ed98baff276a50f3a081a7434d788da63cb135a98189b2a5b5769be1785",
                size=267_573_662,
            ),
        ),
        images=480_000,
        factors="floor_hue 10, wall_hue 10, object_hue 10, scale 8, shape 4, orientation 15",
        homepage="https://github.com/google-deepmind/3d-shapes",
    ),
)
