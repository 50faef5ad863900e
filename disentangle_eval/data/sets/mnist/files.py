"""The four official files of MNIST: where they are looked for, and how they are read and checked."""

from __future__ import annotations

import gzip
import hashlib
import math
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from disentangle_eval.data.files.idx import parse_idx
from disentangle_eval.errors import DevalError, UsageError

PLACES = (".", "mnist", "MNIST/raw")


@dataclass(frozen=True)
class IdxFile:
    """One of the files: its name as published without `.gz`, its array's shape, and its checksum when unpacked."""

    name: str
    shape: tuple[int, ...]
    sha256: str


TRAIN_IMAGES = IdxFile(
    "train-images-idx3-ubyte", (60_000, 28, 28), "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
)
TRAIN_LABELS = IdxFile(
    "train-labels-idx1-ubyte", (60_000,), "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
)
TEST_IMAGES = IdxFile(
    "t10k-images-idx3-ubyte", (10_000, 28, 28), "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
)
TEST_LABELS = IdxFile(
    "t10k-labels-idx1-ubyte", (10_000,), "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
)

_FOUR = ", ".join(f"{file.name}.gz" for file in (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS))
_ADVICE = (
    f"put the four official files {_FOUR} into a folder (itself, its mnist/ or its MNIST/raw/; packed or unpacked) "
    "and name that folder with --data-dir or DEVAL_DATA"
)


def read_file(folder: Path | None, file: IdxFile) -> np.ndarray:
    """The array of one file in a folder of data sets, uint8.

    UsageError where there is no folder or no such file in it; DevalError where the file is not the official one.
    """
    path = find_file(folder, file)
    array, received = read_idx(path, file.shape)
    if received != file.sha256:
        raise _refused(path, f"unpacked sha256 {received}, expected {file.sha256}")
    return array


def read_idx(path: Path, shape: tuple[int, ...]) -> tuple[np.ndarray, str]:
    """The array of a file, packed or unpacked, uint8 of exactly `shape`, and the sha256 of the unpacked contents.

    DevalError where the file holds anything else.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            # One byte more than there should be: enough to tell, and no bomb is unpacked.
            contents = stream.read(4 + 4 * len(shape) + math.prod(shape) + 1)
        array = parse_idx(contents, shape)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise _refused(path, f"{getattr(error, 'strerror', None) or error}") from None
    return array, hashlib.sha256(contents).hexdigest()


def find_file(folder: Path | None, file: IdxFile) -> Path:
    """Where a file lies, packed or unpacked; UsageError where it does not."""
    if folder is None:
        raise UsageError(f"MNIST: received no data folder; {_ADVICE}")
    names = (f"{file.name}.gz", file.name)
    try:
        for path in (folder / place / name for place in PLACES for name in names):
            if path.is_file():
                return path
    except OSError as error:
        raise DevalError(f"data folder: received {folder}: {error.strerror}, expected a folder you may read") from error
    raise UsageError(f"MNIST: received {folder}, which has no {names[0]} and no {names[1]}; {_ADVICE}")


def _refused(path: Path, received: str) -> DevalError:
    return DevalError(f"{path}: received {received}; put the official file in its place")
