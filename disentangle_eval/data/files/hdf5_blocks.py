"""Arrays of an HDF5 file, whole or in blocks of rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from disentangle_eval.data.files.hdf5_limits import dataset_inside
from disentangle_eval.data.files.published import damaged, reading
from disentangle_eval.runtime.progress import counted

_KIND = "an HDF5 file"
_MOST_AT_ONCE = 1 << 15


def read_hdf5_array(path: Path, key: str, shape: tuple[int, ...], dtype: type) -> np.ndarray:
    """The array `key` of exactly that shape and type; DevalError where it is another, or cannot be read."""
    with reading(path, _KIND), h5py.File(path, "r") as file:
        array: np.ndarray = _array(path, file, key, shape, dtype)[()]
        return array


def read_hdf5_blocks(path: Path, key: str, shape: tuple[int, ...], at_once: int) -> Iterator[np.ndarray]:
    """The array `key`, uint8 of exactly `shape`, in blocks of `at_once` rows or a few more: a whole number of chunks.

    DevalError where it is of another type or shape, or cannot be read.
    """
    with reading(path, _KIND), h5py.File(path, "r") as file:
        array = _array(path, file, key, shape, np.uint8)
        rows = whole_chunks(array, at_once)
        blocks = (array[start : start + rows] for start in range(0, len(array), rows))
        yield from counted(blocks, f"reading {path.name}, {key}", len(array), len)


def whole_chunks(array: h5py.Dataset, at_once: int) -> int:
    """How many rows to read at once, so that no chunk is unpacked twice unless chunks are very long."""
    chunk = array.chunks[0] if array.chunks else 1
    return min(-(-at_once // chunk) * chunk, _MOST_AT_ONCE)


def _array(path: Path, file: h5py.File, key: str, shape: tuple[int, ...], dtype: type) -> h5py.Dataset:
    array = dataset_inside(file, key)
    expected = f"{key}, {np.dtype(dtype)} of shape {shape}"
    if array is None:
        raise damaged(path, f"no array {key}", expected)
    if array.shape != shape or array.dtype != dtype:
        raise damaged(path, f"{array.dtype} of shape {array.shape}", expected)
    return array
