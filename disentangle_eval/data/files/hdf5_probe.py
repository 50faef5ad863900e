"""`python -m disentangle_eval.data.files.hdf5_probe FILE [KEY ...]`: reads what a loader reads of a file, but images.

It ends normally whatever is wrong with the file, which the loader then reports; see `hdf5_limits.refuse_endless`.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import h5py

from disentangle_eval.data.files.hdf5_limits import dataset_inside

MEMORY = 4 * 2**30
SMALL = 16 * 2**20


def probe(path: Path, keys: list[str]) -> None:
    """Walk the structure of a file and of its arrays, and read attributes and small arrays."""
    with h5py.File(path, "r") as file:
        for _ in file.attrs.items():
            pass
        for key in {*file, *keys}:
            with contextlib.suppress(Exception):
                array = dataset_inside(file, key)
                if array is not None and array.nbytes <= SMALL:
                    array[()]


if __name__ == "__main__":
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with contextlib.suppress(Exception):
        probe(Path(sys.argv[1]), sys.argv[2:])
