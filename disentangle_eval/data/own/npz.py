"""`npz:PATH`: images and what is known of them in an archive of numpy arrays. Nothing is unpickled."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.own.config import ArrayConfig
from disentangle_eval.data.own.known import known_of
from disentangle_eval.data.own.pixels import layout_of
from disentangle_eval.data.own.source import dataset_of, keys_in_file
from disentangle_eval.errors import DevalError, UsageError

_BYTES_AT_ONCE = 1 << 24
_DAMAGED = (
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)


def load(path: Path | None, cfg: ArrayConfig) -> ImageDataset:
    """The images of an npz with their factors and labels, as far as they are there; see `known_of` and `layout_of`.

    Needs the memory of the images as bytes. UsageError for a missing file and for arrays that are no data set,
    DevalError for a damaged file.
    """
    if path is None or not path.is_file():
        raise UsageError(f"dataset 'npz': received {path}, which is no file; expected npz:PATH")
    try:
        with zipfile.ZipFile(path) as archive:
            there = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
            keys = keys_in_file(cfg, there)
            arrays = {what: _read(archive, key) for what, key in keys.items() if what != "images"}
            with archive.open(f"{keys['images']}.npy") as member:
                shape, dtype = _header(member)
                layout = layout_of(shape, dtype)
                known = known_of(arrays, shape[0], cfg.bins)
                return dataset_of(f"npz@{path.name}", layout, _rows(member, shape, dtype), shape[0], known)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None
    except _DAMAGED as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise DevalError(f"{path}: received {reason}, expected a whole npz, as numpy.savez writes it") from error


def _read(archive: zipfile.ZipFile, key: str) -> np.ndarray:
    with archive.open(f"{key}.npy") as member:
        array: np.ndarray = np.lib.format.read_array(member, allow_pickle=False)
        return array


def _header(member: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and type of the array of images; what follows are its values, row by row."""
    read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    version = np.lib.format.read_magic(member)
    if version not in read:
        raise ValueError(f"images in version {version} of numpy's format")
    shape, by_columns, dtype = read[version](member)
    if by_columns and len(shape) > 1:
        raise UsageError("images: received an array in Fortran order, expected C order: numpy.ascontiguousarray")
    return shape, dtype


def _rows(member: IO[bytes], shape: tuple[int, ...], dtype: np.dtype) -> Iterator[np.ndarray]:
    row = int(np.prod(shape[1:])) * dtype.itemsize
    at_once = max(1, _BYTES_AT_ONCE // row)
    for start in range(0, shape[0], at_once):
        count = min(at_once, shape[0] - start)
        contents = member.read(count * row)
        if len(contents) != count * row:
            raise ValueError(f"{start + len(contents) // row} images, expected {shape[0]}")
        yield np.frombuffer(contents, dtype=dtype).reshape(count, *shape[1:])
    if member.read(1):
        raise ValueError(f"more than {shape[0]} images")
