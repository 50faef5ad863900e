"""Reading the original archive, on small archives of the same form whose checksum stands in for the original's."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from disentangle_eval.data.sets.dsprites import archive
from disentangle_eval.errors import DevalError, UsageError

STEM = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64"
IMAGES = np.random.default_rng(0).integers(0, 2, (10_000, 8, 8)).astype(np.uint8)


class Bomb:
    def __reduce__(self):
        return pytest.fail, ("the archive's metadata was unpickled",)


def write(path: Path, images: np.ndarray = IMAGES) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npz":
        np.savez_compressed(path, metadata=np.array(Bomb(), dtype=object), imgs=images)
    else:
        with h5py.File(path, "w") as file:
            file.create_dataset("imgs", data=images, compression="gzip")
    return path


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


@pytest.fixture
def original(monkeypatch):
    """Make a file's checksum the one of the original archive."""

    def expect(path: Path) -> Path:
        monkeypatch.setitem(archive._FORMATS, path.suffix, replace(archive._FORMATS[path.suffix], md5=md5(path)))
        return path

    return expect


@pytest.mark.parametrize("suffix", [".npz", ".hdf5"])
def test_images_are_read_in_order_without_unpickling(tmp_path, original, suffix):
    path = original(write(tmp_path / f"{STEM}{suffix}"))
    np.testing.assert_array_equal(np.unpackbits(archive.read_archive(path), axis=1).reshape(IMAGES.shape), IMAGES)


def refusal(path: Path) -> str:
    with pytest.raises(DevalError) as error:
        archive.read_archive(path)
    assert type(error.value) is DevalError
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("suffix", "expected"),
    [(".npz", "7da33b31b13a06f4b04a70402ce90c2e"), (".hdf5", "b331c4447a651c44bf5e8ae09022e230")],
)
def test_another_file_is_refused_by_its_checksum(tmp_path, suffix, expected):
    path = write(tmp_path / f"{STEM}{suffix}")
    message = refusal(path)
    for part in (str(path), expected, md5(path), "github.com/google-deepmind/dsprites-dataset"):
        assert part in message


@pytest.mark.parametrize("suffix", [".npz", ".hdf5"])
def test_a_truncated_archive_is_refused(tmp_path, original, suffix):
    path = original(write(tmp_path / f"{STEM}{suffix}"))
    path.write_bytes(path.read_bytes()[:-1000])
    assert md5(path) in refusal(path)


@pytest.mark.parametrize("suffix", [".npz", ".hdf5"])
@pytest.mark.parametrize("contents", [b"", b"not an archive"])
def test_a_file_of_another_kind_is_refused_even_with_the_checksum(tmp_path, original, suffix, contents):
    path = tmp_path / f"{STEM}{suffix}"
    path.write_bytes(contents)
    assert str(path) in refusal(original(path))


@pytest.mark.parametrize("suffix", [".npz", ".hdf5"])
def test_images_of_another_type_are_refused(tmp_path, original, suffix):
    path = original(write(tmp_path / f"{STEM}{suffix}", IMAGES.astype(np.float32)))
    assert "float32" in refusal(path)


def test_a_folder_in_place_of_the_archive_is_refused(tmp_path):
    (tmp_path / f"{STEM}.npz").mkdir()
    assert "directory" in refusal(tmp_path / f"{STEM}.npz")


@pytest.mark.parametrize("place", ["", "dsprites-dataset"])
@pytest.mark.parametrize("suffix", [".npz", ".hdf5"])
def test_the_archive_is_found_in_the_folder_and_beneath(tmp_path, place, suffix):
    path = write(tmp_path / place / f"{STEM}{suffix}")
    assert archive.find_archive(tmp_path) == path
    assert archive.find_archive(path) == path


def test_a_folder_without_an_archive_has_none(tmp_path):
    assert archive.find_archive(tmp_path) is None


def test_a_missing_folder_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match=r"nowhere, which does not exist; expected .*; leave out --data-dir"):
        archive.find_archive(tmp_path / "nowhere")


def test_a_file_of_another_name_is_a_usage_error(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(UsageError, match=r"notes\.txt, expected a folder, "):
        archive.read_archive(tmp_path / "notes.txt")
