"""Which images `load` gives, on a grid of eight images in place of 737,280."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch

from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.data.sets import dsprites
from disentangle_eval.data.sets.dsprites import archive
from disentangle_eval.errors import DevalError, UsageError

DRAWN = np.random.default_rng(0).integers(0, 256, (8, 512), dtype=np.uint8)
ORIGINAL = np.random.default_rng(1).integers(0, 2, (8, 64, 64)).astype(np.uint8)
EVERY = torch.arange(8)


@pytest.fixture(autouse=True)
def _small_grid(monkeypatch, tmp_path):
    monkeypatch.setenv("DEVAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(dsprites, "FACTORS", FactorSpace(dsprites.FACTORS.names, (2, 1, 1, 2, 2)))
    monkeypatch.setattr(dsprites, "draw_all", lambda: DRAWN)


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """A data folder with an archive that counts as the original."""
    path = tmp_path / "data" / "dsprites-dataset" / "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"
    path.parent.mkdir(parents=True)
    np.savez_compressed(path, imgs=ORIGINAL)
    checksum = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    monkeypatch.setitem(archive._FORMATS, ".npz", replace(archive._FORMATS[".npz"], md5=checksum))
    return tmp_path / "data"


def test_without_a_folder_the_images_are_drawn():
    data = dsprites.load(None)
    assert (data.name, data.shape) == ("dsprites@drawn", (1, 64, 64))
    assert data.sha256 == hashlib.sha256(DRAWN.data).hexdigest()
    np.testing.assert_array_equal(data.images(EVERY).view(8, -1), np.unpackbits(DRAWN, axis=1))


def test_a_folder_without_the_archive_is_drawn_too(tmp_path):
    assert dsprites.load(tmp_path).name == "dsprites@drawn"


def test_the_archive_goes_first(folder):
    dsprites.load(None)
    data = dsprites.load(folder)
    assert data.name == "dsprites@archive"
    np.testing.assert_array_equal(data.images(EVERY).squeeze(1), ORIGINAL)
    assert data.sha256 == hashlib.sha256(np.packbits(ORIGINAL.reshape(8, -1), axis=1).data).hexdigest()


def test_the_archive_is_read_once(folder, monkeypatch):
    first = dsprites.load(folder)
    monkeypatch.setattr(dsprites, "read_archive", lambda path: pytest.fail("read again"))
    assert dsprites.load(folder).sha256 == first.sha256


def test_an_archive_that_changed_is_verified_again(folder):
    dsprites.load(folder)
    path = next(folder.rglob("*.npz"))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DevalError, match="expected md5"):
        dsprites.load(folder)


def test_a_missing_folder_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        dsprites.load(tmp_path / "nowhere")


def test_the_factors_are_those_of_the_whole_set():
    factors = dsprites.geometry.FACTORS
    assert factors.names == ("shape", "scale", "orientation", "x", "y")
    assert len(factors) == 737_280
    assert factors.index(np.array([2, 5, 39, 31, 30])) == (((2 * 6 + 5) * 40 + 39) * 32 + 31) * 32 + 30
