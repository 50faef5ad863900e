"""Which images `load` gives, on a grid of eight images in place of 737,280, and which archives it refuses."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.data.files.published import checksum
from disentangle_eval.data.sets.dsprites import DSPRITES, loading
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.registry.specs import DatasetSpec

DRAWN = np.random.default_rng(0).integers(0, 256, (8, 512), dtype=np.uint8)
ORIGINAL = np.random.default_rng(1).integers(0, 2, (8, 64, 64)).astype(np.uint8)
EVERY = torch.arange(8)
SMALL = replace(DSPRITES, images=8, factors="shape 2, scale 1, orientation 1, x 2, y 2")
NAMES = [Path(file.path).name for file in (DSPRITES.files[0], *DSPRITES.files[0].instead)]


@pytest.fixture(autouse=True)
def _drawn(monkeypatch, tmp_path):
    monkeypatch.setenv("DEVAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(loading, "draw_all", lambda: iter([DRAWN]))


class Bomb:
    def __reduce__(self):
        return pytest.fail, ("the archive's metadata was unpickled",)


def write(path: Path, images: np.ndarray = ORIGINAL) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npz":
        np.savez_compressed(path, metadata=np.array(Bomb(), dtype=object), imgs=images)
    else:
        with h5py.File(path, "w") as file:
            file.create_dataset("imgs", data=images, compression="gzip")
    return path


def official(path: Path) -> DatasetSpec:
    """The small set, for which what is in `path` counts as the original archive."""
    forms = [
        replace(form, checksum=checksum(path, "md5"), size=path.stat().st_size)
        for form in (SMALL.files[0], *SMALL.files[0].instead)
    ]
    return replace(SMALL, files=(replace(forms[0], instead=(forms[1],)),))


def load(path: Path) -> ImageDataset:
    return loading.load(official(path), path)


def refusal(path: Path) -> str:
    with pytest.raises(DevalError) as error:
        load(path)
    assert type(error.value) is DevalError
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)
    return str(error.value)


def test_without_a_folder_the_images_are_drawn():
    data = loading.load(SMALL, None)
    assert (data.name, data.shape) == ("dsprites@drawn", (1, 64, 64))
    assert data.sha256 == hashlib.sha256(DRAWN.data).hexdigest()
    np.testing.assert_array_equal(data.images(EVERY).view(8, -1), np.unpackbits(DRAWN, axis=1))


def test_a_folder_without_the_archive_is_drawn_too(tmp_path):
    assert loading.load(SMALL, tmp_path).name == "dsprites@drawn"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", ["", "dsprites-dataset"])
def test_the_archive_goes_first_and_is_not_unpickled(tmp_path, place, name):
    path = write(tmp_path / "data" / place / name)
    loading.load(SMALL, None)
    for folder in (tmp_path / "data", path):
        data = loading.load(official(path), folder)
        assert data.name == "dsprites@archive"
        np.testing.assert_array_equal(data.images(EVERY).squeeze(1), ORIGINAL)
        assert data.sha256 == hashlib.sha256(np.packbits(ORIGINAL.reshape(8, -1), axis=1).data).hexdigest()


def test_the_archive_is_read_once(tmp_path, monkeypatch):
    path = write(tmp_path / NAMES[0])
    first = load(path)
    monkeypatch.setattr(loading, "read_archive", lambda *arguments: pytest.fail("read again"))
    assert load(path).sha256 == first.sha256


@pytest.mark.parametrize("name", NAMES)
def test_another_file_is_refused_by_its_checksum(tmp_path, name):
    path = write(tmp_path / name)
    spec = official(path)
    write(path, 1 - ORIGINAL)
    for contents in (path.read_bytes(), path.read_bytes()[:-100]):
        path.write_bytes(contents)
        with pytest.raises(DevalError, match=r"received .*, expected .*; fetch the file again"):
            loading.load(spec, tmp_path)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("contents", [b"", b"not an archive"])
def test_a_file_of_another_kind_is_refused_even_with_the_checksum(tmp_path, name, contents):
    path = tmp_path / name
    path.write_bytes(contents)
    refusal(path)


@pytest.mark.parametrize("name", NAMES)
def test_images_of_another_type_or_number_are_refused(tmp_path, name):
    assert "float32" in refusal(write(tmp_path / name, ORIGINAL.astype(np.float32)))
    assert "(7, 64, 64)" in refusal(write(tmp_path / name, ORIGINAL[:7]))


def test_a_missing_folder_or_another_file_is_a_usage_error(tmp_path):
    (tmp_path / "notes.txt").touch()
    for place in (tmp_path / "nowhere", tmp_path / "notes.txt"):
        with pytest.raises(UsageError, match=r"which is not a folder, expected .*; leave out --data-dir"):
            loading.load(SMALL, place)


def test_the_factors_are_those_of_the_whole_set():
    factors = FactorSpace.parse(DSPRITES.factors)
    assert factors.names == ("shape", "scale", "orientation", "x", "y")
    assert len(factors) == DSPRITES.images == 737_280
    assert factors.index(np.array([2, 5, 39, 31, 30])) == (((2 * 6 + 5) * 40 + 39) * 32 + 31) * 32 + 30
