"""The official files of SmallNORB: matrices of bytes or integers behind a header, packed by gzip or not."""

from __future__ import annotations

import gzip
import logging
import math
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from PIL import Image

from disentangle_eval import DataFile, DatasetSpec
from disentangle_eval.api import ImageShape
from disentangle_eval.data import FactorSpace, check, counted, damaged, identity, reading, require_any

IMAGE = ImageShape(1, 64, 64)
SIDE = 96  # pixels, as published

_BYTES, _INTEGERS = np.dtype("u1"), np.dtype("<i4")
_MAGIC = {_BYTES: 0x1E3D4C55, _INTEGERS: 0x1E3D4C54}

_LOG = logging.getLogger("disentangle_eval")


@dataclass(frozen=True)
class Part:
    """A half of the set: its images, their categories, the rest of their factors, and which toys of a kind it shows."""

    images: DataFile
    categories: DataFile
    info: DataFile
    instances: tuple[int, ...]


@dataclass(frozen=True)
class Found:
    """A published file: its path and its form."""

    path: Path
    form: DataFile

    def identity(self) -> str:
        return identity(self.path, self.form)


@dataclass(frozen=True)
class FoundPart:
    """The files of a part, found."""

    images: Found
    categories: Found
    info: Found
    instances: tuple[int, ...]

    @property
    def files(self) -> tuple[Found, ...]:
        return self.images, self.categories, self.info


def find_part(spec: DatasetSpec, folder: Path | None, part: Part) -> FoundPart:
    """The files of a part, packed or not; UsageError where one is missing."""
    images, categories, info = (
        Found(*require_any(folder, spec.name, file)) for file in (part.images, part.categories, part.info)
    )
    return FoundPart(images, categories, info, part.instances)


def read_images(parts: Sequence[FoundPart], factors: FactorSpace) -> np.ndarray:
    """The images in the order of the grid, all toys of a pose one after the other: (N, 64, 64, 1) uint8.

    DevalError where a file is not the official one.
    """
    each = sum(len(part.instances) for part in parts)
    images = np.empty((len(factors) * each, IMAGE.height, IMAGE.width, 1), dtype=np.uint8)
    for part in parts:
        _LOG.info("reading %s, once", part.images.path)
        for file in part.files:
            check(file.path, file.form)
        count = len(factors) * len(part.instances)
        rows = _rows(part.info.path, _read_classes(part, count), part.instances, factors, each)
        for row, picture in zip(rows, _read_pictures(part.images, count), strict=True):
            images[row, :, :, 0] = picture
    return images


def _read_classes(part: FoundPart, count: int) -> np.ndarray:
    """(N, 5) int64: category, instance, elevation, azimuth and lighting, as the files number them."""
    with _opened(part.categories) as file:
        first = _read_all(file, part.categories.path, _INTEGERS, (count,))
    with _opened(part.info) as file:
        others = _read_all(file, part.info.path, _INTEGERS, (count, 4))
    return np.column_stack([first, others]).astype(np.int64)


def _rows(path: Path, classes: np.ndarray, instances: tuple[int, ...], factors: FactorSpace, each: int) -> np.ndarray:
    """The row of each image, pose by pose, `each` toys in a pose; DevalError unless all are there, once."""
    expected = f"instances {', '.join(map(str, instances))} of every category in every pose, once"
    category, instance, elevation, azimuth, lighting = classes.T
    poses = np.stack([category, elevation, azimuth // 2, lighting], axis=1)
    inside = (poses >= 0).all() and (poses < factors.sizes).all() and (azimuth % 2 == 0).all()
    if not inside or not np.isin(instance, instances).all():
        raise damaged(path, "other factors", expected)
    rows: np.ndarray = factors.index(poses) * each + instance
    if len(np.unique(rows)) != len(classes):
        raise damaged(path, "an image of the same toy and pose twice", expected)
    return rows


def _read_pictures(pictures: Found, count: int) -> Iterator[np.ndarray]:
    """The left picture of each pair, (64, 64) uint8, resized by Lanczos' filter."""
    with _opened(pictures) as file:
        _read_header(file, pictures.path, _BYTES, (count, 2, SIDE, SIDE))
        for _ in counted(range(count), f"reading {pictures.path.name}, images", count):
            pair = np.frombuffer(file.read(2 * SIDE * SIDE), dtype=np.uint8).reshape(2, SIDE, SIDE)
            resized = Image.fromarray(pair[0]).resize((IMAGE.width, IMAGE.height), Image.Resampling.LANCZOS)
            yield np.asarray(resized)
        _read_end(file, pictures.path)


@contextmanager
def _opened(found: Found) -> Iterator[BinaryIO]:
    with reading(found.path, "a matrix of SmallNORB, whole"):
        packed = found.path.suffix == ".gz"
        with cast(BinaryIO, gzip.open(found.path)) if packed else found.path.open("rb") as file:
            yield file


def _read_all(file: BinaryIO, path: Path, dtype: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
    _read_header(file, path, dtype, shape)
    array = np.frombuffer(file.read(math.prod(shape) * dtype.itemsize), dtype=dtype).reshape(shape)
    _read_end(file, path)
    return array


def _read_header(file: BinaryIO, path: Path, dtype: np.dtype, shape: tuple[int, ...]) -> None:
    """A magic number for the type, the number of axes, and the lengths of at least three, all little-endian."""
    magic, axes = struct.unpack("<II", file.read(8))
    expected = f"magic number 0x{_MAGIC[dtype]:08X} and counts {' x '.join(map(str, shape))}"
    if magic != _MAGIC[dtype] or axes != len(shape):
        raise damaged(path, f"magic number 0x{magic:08X} and {axes} counts", expected)
    counts = struct.unpack(f"<{max(3, axes)}I", file.read(4 * max(3, axes)))[:axes]
    if counts != shape:
        raise damaged(path, f"counts {' x '.join(map(str, counts))}", expected)


def _read_end(file: BinaryIO, path: Path) -> None:
    if file.read(1):
        raise damaged(path, "more bytes", "none behind the matrix")
