"""One array of an .npz archive, read in blocks of rows without unpickling anything."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from disentangle_eval.data.files.published import damaged, reading
from disentangle_eval.data.files.sizes import refuse_size
from disentangle_eval.runtime.progress import counted

_LONGEST_OF_NOTHING = 2**24
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


@dataclass(frozen=True, eq=False)
class StoredArray:
    """An array in an archive, of which only the header is read; `by_columns` where it is in Fortran order."""

    shape: tuple[int, ...]
    dtype: np.dtype
    by_columns: bool
    member: IO[bytes]

    def blocks(self, at_once: int) -> Iterator[np.ndarray]:
        """The rows in order, at most `at_once` of them per block.

        ValueError where there are fewer or more; zipfile.BadZipFile, with the last block, for a wrong checksum.
        """
        row = math.prod(self.shape[1:]) * self.dtype.itemsize
        for start in range(0, self.shape[0], at_once):
            rows = min(at_once, self.shape[0] - start)
            contents = self.member.read(rows * row)
            if len(contents) != rows * row:
                raise ValueError(f"{start + len(contents) // row} rows, expected {self.shape[0]}")
            yield np.frombuffer(contents, dtype=self.dtype).reshape(rows, *self.shape[1:])
        if self.member.read(1):
            raise ValueError(f"more than {self.shape[0]} rows")


@contextmanager
def stored_array(archive: zipfile.ZipFile, key: str) -> Iterator[StoredArray]:
    """The array `key` of an archive; KeyError where it is not there, ValueError where it is no array of numpy's."""
    with archive.open(f"{key}.npy") as member:
        shape, by_columns, dtype = _header(member, key)
        _refuse_claims(archive, key, math.prod(shape) * dtype.itemsize, member.tell(), max(shape, default=0))
        yield StoredArray(shape, dtype, by_columns and len(shape) > 1, member)


def read_array(archive: zipfile.ZipFile, key: str) -> np.ndarray:
    """The array `key` of an archive, whole; errors as for `stored_array` and `StoredArray.blocks`."""
    with stored_array(archive, key) as array:
        contents = array.member.read()
        found = np.frombuffer(bytearray(contents), dtype=array.dtype)
        return found.reshape(array.shape, order="F" if array.by_columns else "C")


def _header(member: IO[bytes], key: str) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, whether in Fortran order, and type of an array; ValueError whatever is wrong with its header."""
    version = np.lib.format.read_magic(member)
    if version not in _HEADERS:
        raise ValueError(f"{key} in version {version} of numpy's format")
    try:
        shape, by_columns, dtype = _HEADERS[version](member)
    except (OSError, zipfile.BadZipFile, zlib.error):
        raise
    except Exception as error:  # numpy parses it as Python, of which damaged bytes make nearly every kind of error
        raise ValueError(f"{key} has a damaged header") from error
    if dtype.hasobject:
        raise ValueError(f"{key} holds Python objects (pickle), which are not read")
    if any(type(side) is not int or side < 0 for side in shape):
        raise ValueError(f"{key} has the shape {shape}")
    return shape, by_columns, dtype


def _refuse_claims(archive: zipfile.ZipFile, key: str, declared: int, header: int, longest: int) -> None:
    """ValueError where an array claims other than what its record holds, or its record more than the file can hold."""
    record = archive.getinfo(f"{key}.npy")
    if declared != record.file_size - header:
        raise ValueError(f"{key} claims {declared} bytes of numbers, its record holds {record.file_size - header}")
    if declared == 0 and longest > _LONGEST_OF_NOTHING:
        raise ValueError(f"{key} claims {longest} rows of nothing")
    refuse_size(key, declared, record.compress_size)


def read_blocks(path: Path, key: str, shape: tuple[int, ...], at_once: int) -> Iterator[np.ndarray]:
    """The array `key`, uint8 of exactly `shape`, in blocks of at most `at_once` rows.

    DevalError where the archive cannot be read, lacks the array, or holds another type, shape or order; also, with the
    last block, where its checksum is wrong.
    """
    expected = f"an npz archive with {key}, uint8 of shape {shape}"
    with reading(path, expected), zipfile.ZipFile(path) as archive:
        if f"{key}.npy" not in archive.namelist():
            raise damaged(path, f"no array {key}", expected)
        with stored_array(archive, key) as array:
            if array.dtype != np.uint8 or array.shape != shape or array.by_columns:
                order = ", stored by columns" if array.by_columns else ""
                raise damaged(path, f"{array.dtype} of shape {array.shape}{order}", expected)
            yield from counted(array.blocks(at_once), f"reading {path.name}, {key}", shape[0], len)
