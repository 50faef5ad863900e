"""One array of an .npz archive, read in blocks without unpickling anything."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from disentangle_eval.data.files.published import damaged, reading


def read_blocks(path: Path, key: str, shape: tuple[int, ...], at_once: int) -> Iterator[np.ndarray]:
    """The array `key`, uint8 of exactly `shape`, in blocks of at most `at_once` rows.

    DevalError where the archive cannot be read, lacks the array, or holds another type, shape or order; also, with the
    last block, where its checksum is wrong.
    """
    expected = f"an npz archive with {key}, uint8 of shape {shape}"
    with reading(path, expected), zipfile.ZipFile(path) as archive:
        if f"{key}.npy" not in archive.namelist():
            raise damaged(path, f"no array {key}", expected)
        with archive.open(f"{key}.npy") as member:
            version = np.lib.format.read_magic(member)
            read_header = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }[version]
            received, by_columns, dtype = read_header(member)
            if dtype != np.uint8 or received != shape or by_columns:
                order = ", stored by columns" if by_columns else ""
                raise damaged(path, f"{dtype} of shape {received}{order}", expected)
            for start in range(0, shape[0], at_once):
                rows = min(at_once, shape[0] - start)
                block = member.read(rows * math.prod(shape[1:]))
                yield np.frombuffer(block, dtype=np.uint8).reshape(rows, *shape[1:])
            if member.read(1):
                raise damaged(path, f"bytes behind the end of {key}", expected)
