from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
from pathlib import Path

import numpy as np
import pytest

from disentangle_eval.data.files import cache
from disentangle_eval.data.files.cache import cached_array, cached_if_possible
from disentangle_eval.errors import DevalError

IMAGES = np.random.default_rng(0).integers(0, 256, (50, 8), dtype=np.uint8)


class Maker:
    """Makes the images and counts how often it was asked."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> np.ndarray:
        self.calls += 1
        return IMAGES


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "cache" / "images.bits"


def test_images_are_made_once(path):
    make = Maker()
    for _ in range(2):
        packed, sha256 = cached_array(path, "first", make)
        np.testing.assert_array_equal(packed, IMAGES)
        assert sha256 == hashlib.sha256(IMAGES.data).hexdigest()
    assert make.calls == 1
    assert [file.name for file in path.parent.iterdir()] == ["images.bits"]


def test_images_given_in_blocks_are_kept_as_if_given_whole(path):
    whole = cached_array(path, "whole", Maker())
    blocks = cached_array(path.with_name("blocks"), "blocks", lambda: (IMAGES[i : i + 16] for i in range(0, 50, 16)))
    np.testing.assert_array_equal(blocks[0], IMAGES)
    assert blocks[1] == whole[1]


def test_blocks_that_end_in_an_error_leave_what_was_there(path):
    cached_array(path, "first", Maker())
    before = path.read_bytes()

    def blocks():
        yield IMAGES[:16]
        raise DevalError("damaged")

    with pytest.raises(DevalError, match=r"^damaged$"):
        cached_array(path, "second", blocks)
    assert [file.name for file in path.parent.iterdir()] == ["images.bits"]
    assert path.read_bytes() == before


def test_another_key_makes_them_again(path):
    make = Maker()
    cached_array(path, "first", make)
    cached_array(path, "second", make)
    cached_array(path, "second", make)
    assert make.calls == 2


def test_files_of_the_earlier_form_are_still_read(path):
    header = {"key": "first", "images": 50, "bytes_per_image": 8, "sha256": hashlib.sha256(IMAGES.data).hexdigest()}
    path.parent.mkdir()
    path.write_bytes(json.dumps(header).encode().ljust(4096) + IMAGES.tobytes())
    make = Maker()
    np.testing.assert_array_equal(cached_array(path, "first", make)[0], IMAGES)
    assert make.calls == 0


def test_any_array_is_kept_under_a_key_of_settings(tmp_path):
    values = np.arange(12, dtype=np.float64).reshape(3, 4)
    made = [cached_if_possible(tmp_path, {"of": "a", "rows": 3}, lambda: values) for _ in range(2)]
    again = cached_if_possible(tmp_path, {"rows": 3, "of": "a"}, lambda: pytest.fail("made again"))
    np.testing.assert_array_equal([*made, again], [values] * 3)
    assert again.dtype == np.float64


def test_an_array_that_cannot_be_kept_is_made_once_and_returned(tmp_path, caplog):
    (tmp_path / "cache").touch()
    make = Maker()
    with caplog.at_level(logging.WARNING, "disentangle_eval"):
        np.testing.assert_array_equal(cached_if_possible(tmp_path / "cache", {"of": "a"}, make), IMAGES)
    assert make.calls == 1
    assert "not kept for the next time" in caplog.text


def flip_one_bit(contents: bytes) -> bytes:
    return contents[:-1] + bytes([contents[-1] ^ 1])


@pytest.mark.parametrize(
    "damage",
    [
        flip_one_bit,
        lambda contents: contents[:-1],
        lambda contents: contents[:4096],
        lambda contents: contents[:10],
        lambda contents: b"",
        lambda contents: b"\xff" * len(contents),
        lambda contents: b"[]".ljust(4096) + contents[4096:],
        lambda contents: contents.replace(b'"shape": [50', b'"shape": [50000000000000000000'),
        lambda contents: contents.replace(b'"shape": [50', b'"shape": [-1'),
    ],
)
def test_a_damaged_file_is_made_again(path, damage, caplog):
    make = Maker()
    cached_array(path, "first", make)
    path.write_bytes(damage(path.read_bytes()))
    with caplog.at_level(logging.WARNING, "disentangle_eval"):
        packed, _ = cached_array(path, "first", make)
    np.testing.assert_array_equal(packed, IMAGES)
    assert make.calls == 2
    assert str(path) in caplog.text
    cached_array(path, "first", make)
    assert make.calls == 2


def test_writing_to_the_array_leaves_the_file(path):
    packed, _ = cached_array(path, "first", Maker())
    packed[:] = 0
    np.testing.assert_array_equal(cached_array(path, "first", Maker())[0], IMAGES)


@pytest.mark.parametrize("fault", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_an_unfinished_write_leaves_what_was_there(path, fault, monkeypatch):
    cached_array(path, "first", Maker())
    before = path.read_bytes()

    def fail(descriptor: int) -> None:
        raise fault

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises((DevalError, KeyboardInterrupt)):
        cached_array(path, "second", Maker())
    assert [file.name for file in path.parent.iterdir()] == ["images.bits"]
    assert path.read_bytes() == before


def test_a_full_disk_is_told_in_one_line(path, monkeypatch):
    def fail(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(DevalError, match=r"^cache file .*images\.bits: received No space left .*DEVAL_CACHE.*$"):
        cached_array(path, "first", Maker())
    assert list(path.parent.iterdir()) == []


def test_an_unwritable_folder_is_told_in_one_line(tmp_path):
    (tmp_path / "cache").touch()
    with pytest.raises(DevalError, match=r"^cache file .*images\.bits: received .* expected a writable folder.*$"):
        cached_array(tmp_path / "cache" / "images.bits", "first", Maker())


def test_a_disk_that_returns_other_bytes_than_were_written_is_an_error(path, monkeypatch):
    monkeypatch.setattr(cache, "_read", lambda *_: None)
    with pytest.raises(DevalError, match="what was read differs from what was just written"):
        cached_array(path, "first", Maker())


def test_a_key_that_does_not_fit_in_front_of_the_array_is_refused_and_nothing_kept(path):
    with pytest.raises(ValueError, match="bytes with the rest of the header, expected 4096"):
        cached_array(path, "k" * 4096, Maker())
    assert list(path.parent.iterdir()) == []
