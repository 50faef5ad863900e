"""3D Shapes from small HDF5 files of the same form, a grid of 24 images in place of 480,000."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.data.files import prepared
from disentangle_eval.data.files.hdf5_blocks import whole_chunks
from disentangle_eval.data.files.published import checksum
from disentangle_eval.data.sets import shapes3d
from disentangle_eval.errors import DevalError, UsageError

(SHAPES3D,) = shapes3d.DATASETS
SMALL = "floor_hue 2, wall_hue 1, object_hue 2, scale 2, shape 1, orientation 3"
GRID = FactorSpace.parse(SMALL)
PIXELS = np.random.default_rng(0).integers(256, size=(24, 64, 64, 3), dtype=np.uint8)
VALUES = [[0.0, 0.1], [0.5], [0.0, 0.9], [0.75, 1.25], [2.0], [-30.0, 0.0, 30.0]]
LABELS = np.stack([axis.ravel() for axis in np.meshgrid(*VALUES, indexing="ij")], axis=1)


@pytest.fixture(autouse=True)
def _cache(monkeypatch, tmp_path):
    monkeypatch.setenv("DEVAL_CACHE", str(tmp_path / "cache"))


def write(path: Path, images: np.ndarray | None = PIXELS, labels: np.ndarray | None = LABELS, **options) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        if images is not None:
            file.create_dataset("images", data=images, **options)
        if labels is not None:
            file.create_dataset("labels", data=labels)


@pytest.fixture
def original(tmp_path):
    """The path of the file in a folder of data, and a function that loads it, or `as_it_was` when last loaded."""
    path = tmp_path / "data" / "3dshapes" / "3dshapes.h5"
    known = []

    def load(as_it_was: bool = False) -> ImageDataset:
        if not as_it_was:
            file = replace(SHAPES3D.files[0], checksum=checksum(path, "sha256"), size=path.stat().st_size)
            known.append(replace(SHAPES3D, files=(file,), images=24, factors=SMALL))
        return shapes3d.load(known[-1], tmp_path / "data")

    return path, load


@pytest.mark.parametrize("options", [{}, {"chunks": (7, 16, 16, 1), "compression": "gzip"}])
def test_images_keep_their_order(original, monkeypatch, options):
    monkeypatch.setattr(prepared, "_BYTES_AT_ONCE", 5 * 64 * 64 * 3)
    path, load = original
    write(path, **options)
    data = load()
    assert (data.name, data.shape, data.factors) == ("shapes3d", (3, 64, 64), GRID)
    np.testing.assert_array_equal(data.images(torch.arange(24)) * 255, np.moveaxis(PIXELS, -1, 1))


def test_the_whole_grid_is_the_published_one():
    factors = FactorSpace.parse(SHAPES3D.factors)
    assert len(factors) == 480_000
    last = ((((9 * 10 + 8) * 10 + 7) * 8 + 6) * 4 + 3) * 15 + 14
    assert factors.index(np.array([9, 8, 7, 6, 3, 14])) == last


def test_chunks_are_not_unpacked_twice(original):
    path, _ = original
    write(path, chunks=(7, 64, 64, 3))
    with h5py.File(path) as file:
        assert whole_chunks(file["images"], 15) == 21


@pytest.mark.parametrize(
    ("contents", "told"),
    [
        ({"images": None}, "no array images"),
        ({"labels": None}, "no array labels"),
        ({"images": PIXELS.astype(np.float32)}, "float32 of shape"),
        ({"images": PIXELS[:23]}, r"uint8 of shape \(23, 64, 64, 3\)"),
        ({"images": np.moveaxis(PIXELS, -1, 1)}, r"uint8 of shape \(24, 3, 64, 64\)"),
        ({"labels": LABELS[:, :5]}, r"float64 of shape \(24, 5\)"),
        ({"labels": LABELS[::-1]}, "labels in another order"),
        ({"labels": LABELS[[1, 0, *range(2, 24)]]}, "labels in another order"),
        ({"labels": np.full((24, 6), np.nan)}, "labels in another order"),
    ],
)
def test_other_contents_are_refused(original, contents, told):
    path, load = original
    write(path, **contents)
    with pytest.raises(DevalError, match=rf"3dshapes\.h5: received {told}[^\n]*, expected [^\n]*$"):
        load()


def test_damaged_and_other_files_are_refused_and_the_old_cache_stays(original, tmp_path):
    path, load = original
    write(path)
    load()
    kept = {file.name: file.read_bytes() for file in (tmp_path / "cache").iterdir()}
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(DevalError, match=r"received \d+ bytes, expected"):
        load(as_it_was=True)
    with pytest.raises(DevalError, match=r"3dshapes\.h5: received OSError: [^\n]*$"):
        load()
    assert {file.name: file.read_bytes() for file in (tmp_path / "cache").iterdir()} == kept


def test_a_missing_file_is_told_with_what_to_type(tmp_path):
    with pytest.raises(UsageError, match=r"has no 3dshapes/3dshapes\.h5; .*deval data fetch shapes3d"):
        shapes3d.load(SHAPES3D, tmp_path)
