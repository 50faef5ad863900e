"""MPI3D: a robot arm that holds an object, drawn, rendered realistically or photographed (Gondal et al., 2019).

Read from the published archives, which the user brings.
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
    """The images of one variant, (3, 64, 64), with all combinations of seven factors.

    `folder` holds its archive. UsageError where it does not; DevalError if it is not the original one.
    """
    path = data.require(folder, spec.name, spec.files[0])
    key = data.identity(path, spec.files[0])
    store, sha256 = data.byte_images(spec.name, key, IMAGE, lambda: read_images(spec, path))
    return data.ImageDataset(spec.name, sha256, store, data.FactorSpace.parse(spec.factors))


def read_images(spec: DatasetSpec, path: Path) -> Iterator[np.ndarray]:
    """The images in the order of the grid, in blocks of (n, 64, 64, 3) uint8, once the file is found right."""
    _LOG.info("reading %s, once", path)
    data.check(path, spec.files[0])
    shape = (spec.images, IMAGE.height, IMAGE.width, IMAGE.channels)
    return data.read_blocks(path, "images", shape, data.images_at_once(IMAGE))


def _whole_set(name: str, summary: str, md5: str) -> DatasetSpec:
    file = name.replace("-", "_")
    return DatasetSpec(
        name=name,
        summary=summary,
        target="disentangle_eval.data.sets.mpi3d:load",
        kind="factors",
        files=(
            DataFile(
                path=f"{file}/{file}.npz",
                also=(f"{file}.npz", f"mpi3d/{file}.npz"),
                urls=(f"https://storage.googleapis.com/disentanglement_dataset/Final_Dataset/{file}.npz",),
                checksum=f"md5:{md5}",
                largest=13 * 2**30,
            ),
        ),
        images=1_036_800,
        factors="object_color 6, object_shape 6, object_size 2, camera_height 3, background_color 3, "
        "horizontal_axis 40, vertical_axis 40",
        licence="CC BY 4.0",
        homepage="https://github.com/rr-learning/disentanglement_dataset",
    )


def _challenge(kind: str, summary: str) -> DatasetSpec:
    """The images that the challenge of 2019 published first: four colours and four shapes."""
    archive = f"sim_{kind}_64x_ordered_without_heldout_factors.npz"
    return DatasetSpec(
        name=f"mpi3d-{kind}-challenge",
        summary=summary,
        target="disentangle_eval.data.sets.mpi3d:load",
        kind="factors",
        files=(
            DataFile(
                path=f"mpi3d_{kind}/{archive}",
                also=(archive, f"mpi3d/{archive}"),
                urls=(f"https://storage.googleapis.com/disentanglement_dataset/data_npz/{archive}",),
                largest=6 * 2**30,
            ),
        ),
        images=460_800,
        factors="object_color 4, object_shape 4, object_size 2, camera_height 3, background_color 3, "
        "horizontal_axis 40, vertical_axis 40",
        licence="CC BY 4.0",
        homepage="https://github.com/rr-learning/disentanglement_dataset",
    )


DATASETS = (
    _whole_set(
        "mpi3d-toy",
        "1,036,800 drawn colour 64x64 images of a robot arm that holds an object",
        "55889cb7c7dfc655d6e0277beee88868",
    ),
    _challenge("toy", "460,800 images of mpi3d-toy, four colours and four shapes, as published first and used in 2019"),
    _whole_set(
        "mpi3d-realistic",
        "1,036,800 realistic renderings, colour 64x64, of a robot arm that holds an object",
        "59a6225b88b635365f70c91b3e52f70f",
    ),
    _challenge("realistic", "460,800 images of mpi3d-realistic, four colours and four shapes, as published first"),
    _whole_set(
        "mpi3d-real",
        "1,036,800 photographs, colour 64x64, of a robot arm that holds an object",
        "0f33f609918fb5c97996692f91129802",
    ),
)
