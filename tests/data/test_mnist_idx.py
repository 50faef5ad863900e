"""The idx format, byte by byte."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from disentangle_eval.data.files.idx import parse_idx
from disentangle_eval.errors import DevalError

IMAGES = struct.pack(">4I", 0x803, 2, 2, 3) + bytes(range(12))


def test_images_are_read_row_by_row():
    images = parse_idx(IMAGES, (2, 2, 3))
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(images, np.arange(12).reshape(2, 2, 3))
    images[:] = 0


def test_labels_are_read():
    assert parse_idx(struct.pack(">2I", 0x801, 3) + b"\x05\x00\x09", (3,)).tolist() == [5, 0, 9]


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"", "0 bytes, expected 28"),
        (IMAGES[:15], "15 bytes, expected 28"),
        (IMAGES[:-1], "27 bytes, expected 28"),
        (IMAGES + b"\x00", "29 bytes, expected 28"),
        (struct.pack(">4I", 0x801, 2, 2, 3) + bytes(12), "magic number 0x00000801, expected 0x00000803"),
        (struct.pack(">4I", 0xD03, 2, 2, 3) + bytes(12), "magic number 0x00000d03, expected 0x00000803"),
        (struct.pack("<4I", 0x803, 2, 2, 3) + bytes(12), "magic number 0x03080000, expected 0x00000803"),
        (struct.pack(">4I", 0x803, 3, 2, 2) + bytes(12), "counts 3 x 2 x 2, expected 2 x 2 x 3"),
    ],
)
def test_what_is_wrong_is_said(contents, message):
    with pytest.raises(DevalError, match=f"^idx file: received {message}$"):
        parse_idx(contents, (2, 2, 3))
