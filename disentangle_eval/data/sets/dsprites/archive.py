"""Reading the original dSprites archive, npz or hdf5."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from disentangle_eval.errors import DevalError, UsageError

SOURCE = "https://github.com/google-deepmind/dsprites-dataset"

_IMAGES_AT_ONCE = 8192
_OR_DRAW = "leave out --data-dir and DEVAL_DATA to draw dSprites"
_STEM = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64"


def find_archive(folder: Path) -> Path | None:
    """The archive in a folder of data sets, or `folder` itself where it is a file; None if there is none.

    UsageError if `folder` does not exist, DevalError if it may not be searched.
    """
    places = [place / f"{_STEM}{suffix}" for place in (folder, folder / "dsprites-dataset") for suffix in _FORMATS]
    try:
        if folder.is_file():
            return folder
        if folder.is_dir():
            return next((place for place in places if place.exists()), None)
    except OSError as error:
        raise DevalError(
            f"data folder: received {folder}: {error.strerror}, expected a folder you may read; {_OR_DRAW}"
        ) from error
    raise UsageError(
        f"data folder: received {folder}, which does not exist; expected the folder that holds dsprites-dataset/; "
        f"{_OR_DRAW}"
    )


def read_archive(path: Path) -> np.ndarray:
    """The images of the original archive in index order, (N, pixels / 8) uint8, packed eight pixels a byte.

    Only the images are read and nothing is unpickled; the memory needed is twice that of the result. DevalError if the
    file is not the original one.
    """
    format_ = _format(path)
    try:
        with path.open("rb") as file:
            received = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    except OSError as error:
        raise _unreadable(path, f"{error.strerror}") from error
    if received != format_.md5:
        raise _unreadable(path, f"md5 {received}")
    try:
        return np.concatenate([np.packbits(images.reshape(len(images), -1), axis=1) for images in format_.images(path)])
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise _unreadable(path, f"{type(error).__name__}: {error}") from error


def archive_key(path: Path) -> str:
    """What identifies the contents of an archive without reading it: expected checksum, size and time of change."""
    status = path.stat()
    return f"{_format(path).md5} {status.st_size} {status.st_mtime_ns}"


def _npz_images(path: Path) -> Iterator[np.ndarray]:
    with zipfile.ZipFile(path) as archive, archive.open("imgs.npy") as member:
        np.lib.format.read_magic(member)
        shape, column_major, dtype = np.lib.format.read_array_header_1_0(member)
        _check(shape, dtype)
        if column_major:
            raise ValueError("imgs is stored by columns, expected rows")
        pixels = shape[1] * shape[2]
        for start in range(0, shape[0], _IMAGES_AT_ONCE):
            count = min(_IMAGES_AT_ONCE, shape[0] - start)
            yield np.frombuffer(member.read(count * pixels), dtype=np.uint8).reshape(count, *shape[1:])


def _hdf5_images(path: Path) -> Iterator[np.ndarray]:
    with h5py.File(path, "r") as file:
        images = file["imgs"]
        _check(images.shape, images.dtype)
        for start in range(0, len(images), _IMAGES_AT_ONCE):
            yield images[start : start + _IMAGES_AT_ONCE]


def _check(shape: tuple[int, ...], dtype: np.dtype) -> None:
    if len(shape) != 3 or dtype != np.uint8:
        raise ValueError(f"imgs is {dtype} of shape {shape}, expected uint8 (N, H, W)")


@dataclass(frozen=True)
class _Format:
    md5: str
    images: Callable[[Path], Iterator[np.ndarray]]


_FORMATS = {
    ".npz": _Format("7da33b31b13a06f4b04a70402ce90c2e", _npz_images),
    ".hdf5": _Format("b331c4447a651c44bf5e8ae09022e230", _hdf5_images),
}


def _format(path: Path) -> _Format:
    if path.suffix not in _FORMATS:
        raise UsageError(
            f"data folder: received the file {path}, expected a folder, {_STEM}.npz or {_STEM}.hdf5 (from {SOURCE})"
        )
    return _FORMATS[path.suffix]


def _unreadable(path: Path, received: str) -> DevalError:
    return DevalError(
        f"{path}: received {received}, expected md5 {_format(path).md5}; get the original from {SOURCE}, or {_OR_DRAW}"
    )
