"""The idx format of MNIST's files: a header of big-endian integers, then unsigned bytes, the last axis fastest."""

from __future__ import annotations

import math
import struct

import numpy as np

_UNSIGNED_BYTES = 0x08


def parse_idx(contents: bytes, shape: tuple[int, ...]) -> np.ndarray:
    """The array of an idx file of unsigned bytes, uint8 of exactly `shape`.

    ValueError, saying what was received and expected, where the magic number, the counts or the length is another.
    """
    magic = _UNSIGNED_BYTES << 8 | len(shape)
    header = struct.pack(f">I{len(shape)}I", magic, *shape)
    if len(contents) < len(header):
        raise ValueError(f"{len(contents)} bytes, expected {len(header) + math.prod(shape)}")
    received, *counts = struct.unpack(f">I{len(shape)}I", contents[: len(header)])
    if received != magic:
        raise ValueError(f"magic number 0x{received:08x}, expected 0x{magic:08x}")
    if tuple(counts) != shape:
        raise ValueError(f"counts {' x '.join(map(str, counts))}, expected {' x '.join(map(str, shape))}")
    if len(contents) != len(header) + math.prod(shape):
        raise ValueError(f"{len(contents)} bytes, expected {len(header) + math.prod(shape)}")
    return np.frombuffer(contents, dtype=np.uint8, offset=len(header)).reshape(shape).copy()
