"""MPI3D: a robot arm that holds an object, drawn, rendered realistically or photographed (Gondal et al., 2019).

Read from the published archives, which the user brings.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from disentangle_eval.api import ImageShape
from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.data.files.npz_blocks import read_blocks
from disentangle_eval.data.files.prepared import byte_images, images_at_once
from disentangle_eval.data.files.published import check, identity, require
from disentangle_eval.data.sets.records import (
    MPI3D_REAL_FILE,
    MPI3D_REALISTIC_CHALLENGE_FILE,
    MPI3D_REALISTIC_FILE,
    MPI3D_TOY_CHALLENGE_FILE,
    MPI3D_TOY_FILE,
)
from disentangle_eval.registry.specs import DataFile

IMAGE = ImageShape(3, 64, 64)
_NAMES = (
    "object_color",
    "object_shape",
    "object_size",
    "camera_height",
    "background_color",
    "horizontal_axis",
    "vertical_axis",
)
FACTORS = FactorSpace(_NAMES, (6, 6, 2, 3, 3, 40, 40))
CHALLENGE_FACTORS = FactorSpace(_NAMES, (4, 4, 2, 3, 3, 40, 40))

_LOG = logging.getLogger("disentangle_eval")


@dataclass(frozen=True)
class Variant:
    """One of the sets: the name of its data set, its file, and its factors."""

    name: str
    file: DataFile
    factors: FactorSpace


TOY = Variant("mpi3d-toy", MPI3D_TOY_FILE, FACTORS)
REALISTIC = Variant("mpi3d-realistic", MPI3D_REALISTIC_FILE, FACTORS)
REAL = Variant("mpi3d-real", MPI3D_REAL_FILE, FACTORS)
TOY_CHALLENGE = Variant("mpi3d-toy-challenge", MPI3D_TOY_CHALLENGE_FILE, CHALLENGE_FACTORS)
REALISTIC_CHALLENGE = Variant("mpi3d-realistic-challenge", MPI3D_REALISTIC_CHALLENGE_FILE, CHALLENGE_FACTORS)


def load_toy(folder: Path | None) -> ImageDataset:
    """The 1,036,800 simply drawn images, (3, 64, 64), with all combinations of seven factors.

    `folder` holds the archive of this variant. UsageError where it does not; DevalError if it is not the original one.
    """
    return load_variant(folder, TOY)


def load_realistic(folder: Path | None) -> ImageDataset:
    """The 1,036,800 realistically rendered images; else as `load_toy`."""
    return load_variant(folder, REALISTIC)


def load_real(folder: Path | None) -> ImageDataset:
    """The 1,036,800 photographs; else as `load_toy`."""
    return load_variant(folder, REAL)


def load_toy_challenge(folder: Path | None) -> ImageDataset:
    """The 460,800 drawn images, of four colours and four shapes, published first; else as `load_toy`."""
    return load_variant(folder, TOY_CHALLENGE)


def load_realistic_challenge(folder: Path | None) -> ImageDataset:
    """The 460,800 rendered images, of four colours and four shapes, published first; else as `load_toy`."""
    return load_variant(folder, REALISTIC_CHALLENGE)


def load_variant(folder: Path | None, variant: Variant) -> ImageDataset:
    """The images and factors of one variant."""
    path = require(folder, variant.name, variant.file)
    store, sha256 = byte_images(variant.name, identity(path, variant.file), IMAGE, lambda: read_images(path, variant))
    return ImageDataset(variant.name, sha256, store, variant.factors)


def read_images(path: Path, variant: Variant) -> Iterator[np.ndarray]:
    """The images in the order of the grid, in blocks of (n, 64, 64, 3) uint8, once the file is found right."""
    _LOG.info("reading %s once, some minutes", path)
    check(path, variant.file)
    shape = (len(variant.factors), IMAGE.height, IMAGE.width, IMAGE.channels)
    return read_blocks(path, "images", shape, images_at_once(IMAGE))
