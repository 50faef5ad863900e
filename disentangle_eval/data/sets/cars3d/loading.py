"""Cars3D from the authors' archive, or from the folder `cars` unpacked from it."""

from __future__ import annotations

import hashlib
import io
import logging
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from disentangle_eval import DataFile, DatasetSpec
from disentangle_eval.api import ImageShape
from disentangle_eval.data import (
    FactorSpace,
    ImageDataset,
    byte_images,
    check,
    counted,
    damaged,
    identity,
    read_variable,
    reading,
    require_any,
)

IMAGE = ImageShape(3, 64, 64)
SIDE = 128  # pixels, as published
_RESIZED = (IMAGE.height, IMAGE.width, IMAGE.channels)

# Counts changes that alter pixels.
_VERSION = 1

_MEMBER = re.compile(r"(?:.*/)?cars/([^/.][^/]*\.mat)")

_LOG = logging.getLogger("disentangle_eval")


def load(spec: DatasetSpec, folder: Path | None) -> ImageDataset:
    """Cars3D at (3, 64, 64), with all combinations of three factors; cars are numbered by the names of their files.

    `folder` holds `nips2015-analogy-data.tar.gz` or the folder `cars`. UsageError where it does not; DevalError if a
    car is missing or damaged.
    """
    path, form = require_any(folder, spec.name, spec.files[0])
    factors = FactorSpace.parse(spec.factors)
    key = f"{spec.name} {_VERSION} {_identity(path, form)}"
    store, sha256 = byte_images(spec.name, key, IMAGE, lambda: [read_images(path, form, factors)])
    return ImageDataset(spec.name, sha256, store, factors)


def read_images(path: Path, form: DataFile, factors: FactorSpace) -> np.ndarray:
    """All images in the order of the grid, (N, 64, 64, 3) uint8."""
    _LOG.info("reading %s, once", path)
    elevations, azimuths, objects = factors.sizes
    cars = {}
    for name, file, contents in counted(_files(path, form), "reading Cars3D, cars", objects):
        views = read_variable(file, "im", (SIDE, SIDE, IMAGE.channels, azimuths, elevations), contents)
        cars[name] = _resized(views.transpose(4, 3, 0, 1, 2))
    if len(cars) != objects:
        raise damaged(path, f"{len(cars)} cars", f"{objects}, each a file .mat")
    return np.stack([cars[name] for name in sorted(cars)], axis=2).reshape(len(factors), *_RESIZED)


def _identity(path: Path, form: DataFile) -> str:
    if path.is_file():
        return identity(path, form)
    files = "\n".join(f"{file.name} {identity(file, form)}" for file in _folder(path))
    return hashlib.sha256(files.encode()).hexdigest()


def _files(path: Path, form: DataFile) -> Iterator[tuple[str, Path, BinaryIO | None]]:
    """Each car: the name of its file, where that is, and its contents where it is in an archive."""
    if path.is_dir():
        for file in _folder(path):
            yield file.name, file, None
        return
    check(path, form)
    with reading(path, "a tar archive packed by gzip"), tarfile.open(path, "r|gz") as archive:
        for member in archive:
            if member.isreg() and (match := _MEMBER.fullmatch(member.name)):
                contents = archive.extractfile(member)
                assert contents is not None
                yield match[1], path, io.BytesIO(contents.read())


def _folder(path: Path) -> list[Path]:
    with reading(path, "a folder of files .mat"):
        return sorted(file for file in path.iterdir() if file.suffix == ".mat" and not file.name.startswith("."))


def _resized(views: np.ndarray) -> np.ndarray:
    """(E, A, H, W, 3) -> (E, A, 64, 64, 3), each picture resized by Lanczos' filter."""
    flat = views.reshape(-1, *views.shape[2:])
    resized = [
        Image.fromarray(view).resize((IMAGE.width, IMAGE.height), Image.Resampling.LANCZOS)
        for view in map(np.ascontiguousarray, flat)
    ]
    return np.stack([np.asarray(view) for view in resized]).reshape(*views.shape[:2], *_RESIZED)
