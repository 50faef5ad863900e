"""The idx format of MNIST's files: a header of big-endian integers, then unsigned bytes, the last axis fastest."""

from __future__ import annotations

import gzip
import math
import struct
from pathlib import Path

import numpy as np

from disentangle_eval.data.files.published import damaged, reading
from disentangle_eval.errors import DevalError

_UNSIGNED_BYTES = 0x08


def read_idx(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """The array of a file, packed by gzip (`.gz`) or not, uint8 of exactly `shape`.

    DevalError where the file holds anything else.
    """
    expected = f"an idx file of bytes, {' x '.join(map(str, shape))}"
    with reading(path, expected), gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        # One byte more than there should be: enough to know, and no bomb is unpacked.
        contents = stream.read(_length(shape) + 1)
    try:
        return parse_idx(contents, shape)
    except DevalError as error:
        raise damaged(path, error.received, error.expected) from None


def parse_idx(contents: bytes, shape: tuple[int, ...]) -> np.ndarray:
    """The array of an idx file of unsigned bytes, uint8 of exactly `shape`.

    DevalError where the magic number, the counts or the length is another.
    """
    magic = _UNSIGNED_BYTES << 8 | len(shape)
    header = 4 * (1 + len(shape))
    if len(contents) < header:
        raise _other(f"{len(contents)} bytes", f"{_length(shape)}")
    received, *counts = struct.unpack(f">I{len(shape)}I", contents[:header])
    if received != magic:
        raise _other(f"magic number 0x{received:08x}", f"0x{magic:08x}")
    if tuple(counts) != shape:
        raise _other(f"counts {' x '.join(map(str, counts))}", " x ".join(map(str, shape)))
    if len(contents) != _length(shape):
        raise _other(f"{len(contents)} bytes", f"{_length(shape)}")
    return np.frombuffer(contents, dtype=np.uint8, offset=header).reshape(shape).copy()


def _length(shape: tuple[int, ...]) -> int:
    return 4 * (1 + len(shape)) + math.prod(shape)


def _other(received: str, expected: str) -> DevalError:
    return DevalError("idx file", received=received, expected=expected)
