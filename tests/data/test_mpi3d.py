"""MPI3D from small npz archives of the same form, a grid of 24 images in place of 1,036,800."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.data.files import prepared
from disentangle_eval.data.files.published import checksum
from disentangle_eval.data.sets import mpi3d
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.registry.specs import DatasetSpec

SPECS = {spec.name: spec for spec in mpi3d.DATASETS}
TOY, CHALLENGE = SPECS["mpi3d-toy"], SPECS["mpi3d-toy-challenge"]
GRID = FactorSpace(FactorSpace.parse(TOY.factors).names, (2, 2, 1, 1, 1, 2, 3))
SMALL = ", ".join(f"{name} {size}" for name, size in zip(GRID.names, GRID.sizes, strict=True))
PIXELS = np.random.default_rng(0).integers(256, size=(24, 64, 64, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def _cache(monkeypatch, tmp_path):
    monkeypatch.setenv("DEVAL_CACHE", str(tmp_path / "cache"))


def path_of(folder: Path) -> Path:
    path = folder / "mpi3d_toy" / "mpi3d_toy.npz"
    path.parent.mkdir(exist_ok=True)
    return path


def official(folder: Path) -> DatasetSpec:
    """The drawn variant of a small grid, of which the file there counts as the original."""
    file = replace(TOY.files[0], checksum=checksum(path_of(folder), "md5"))
    return replace(TOY, files=(file,), images=24, factors=SMALL)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_images_keep_their_order(tmp_path, monkeypatch, save):
    monkeypatch.setattr(prepared, "_BYTES_AT_ONCE", 5 * 64 * 64 * 3)
    save(path_of(tmp_path), images=PIXELS)
    data = mpi3d.load(official(tmp_path), tmp_path)
    assert (data.name, data.shape, data.factors) == ("mpi3d-toy", (3, 64, 64), GRID)
    np.testing.assert_array_equal(data.images(torch.arange(24)) * 255, np.moveaxis(PIXELS, -1, 1))


def test_the_grids_are_the_published_ones():
    names = ["color", "shape", "size", "height", "background", "horizontal", "vertical"]
    whole, challenge = FactorSpace.parse(TOY.factors), FactorSpace.parse(CHALLENGE.factors)
    assert all(name in factor for name, factor in zip(names, whole.names, strict=True))
    assert len(whole) == 1_036_800
    assert len(challenge) == 460_800
    classes = np.array([3, 2, 1, 2, 1, 39, 38])
    published = 3 * 115_200 + 2 * 28_800 + 1 * 14_400 + 2 * 4_800 + 1 * 1_600 + 39 * 40 + 38
    assert challenge.index(classes) == published
    assert whole.index(classes) == published + 3 * (172_800 - 115_200)


@pytest.mark.parametrize(
    ("contents", "told"),
    [
        ({"pictures": PIXELS}, "no array images"),
        ({"images": PIXELS.astype(np.int64)}, "int64 of shape"),
        ({"images": PIXELS[:23]}, r"uint8 of shape \(23, 64, 64, 3\)"),
        ({"images": np.asfortranarray(PIXELS)}, "uint8 of shape .*, stored by columns"),
        ({"images": np.array([{}], dtype=object)}, ".*Python objects"),
    ],
)
def test_other_contents_are_refused(tmp_path, contents, told):
    np.savez(path_of(tmp_path), **contents)
    with pytest.raises(DevalError, match=rf"mpi3d_toy\.npz: received {told}[^\n]*, expected an npz archive [^\n]*$"):
        mpi3d.load(official(tmp_path), tmp_path)


def test_damaged_archives_are_refused_even_with_the_checksum(tmp_path):
    path = path_of(tmp_path)
    np.savez(path, images=PIXELS)
    whole = path.read_bytes()
    for damaged in (b"", whole[:-1000], whole[:50_000] + bytes([whole[50_000] ^ 1]) + whole[50_001:]):
        path.write_bytes(damaged)
        with pytest.raises(DevalError, match=r"mpi3d_toy\.npz: received BadZipFile: [^\n]*$"):
            mpi3d.load(official(tmp_path), tmp_path)
    assert list((tmp_path / "cache").iterdir()) == []


def test_an_archive_that_holds_less_than_it_says_is_refused(tmp_path):
    path = path_of(tmp_path)
    np.savez(path, images=PIXELS)
    with zipfile.ZipFile(path) as archive:
        member = archive.read("images.npy")
    for contents, told in ((member[:-1], "ValueError"), (member + b"0", "its record holds")):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("images.npy", contents)
        with pytest.raises(DevalError, match=told):
            mpi3d.load(official(tmp_path), tmp_path)


def test_the_two_publications_are_not_mistaken_for_each_other(tmp_path):
    np.savez(path_of(tmp_path), images=PIXELS)
    with pytest.raises(
        DevalError, match=r"mpi3d_toy\.npz: received md5:.*, expected md5:55889cb7c7dfc655d6e0277beee88868"
    ):
        mpi3d.load(TOY, tmp_path)
    with pytest.raises(UsageError, match=r"sim_toy_64x_ordered_without_heldout_factors\.npz"):
        mpi3d.load(CHALLENGE, tmp_path)
