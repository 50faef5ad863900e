"""3D Shapes from small HDF5 files of the same form, a grid of 24 images in place of 480,000."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.data.files.published import checksum
from disentangle_eval.data.sets import shapes3d
from disentangle_eval.errors import DevalError, UsageError

GRID = FactorSpace(shapes3d.FACTORS.names, (2, 1, 2, 2, 1, 3))
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
def original(monkeypatch, tmp_path):
    """The path of the file in a folder of data; what lies there when called counts as the original."""
    path = tmp_path / "data" / "3dshapes" / "3dshapes.h5"

    def expect() -> Path:
        file = replace(shapes3d.SHAPES3D_FILE, checksum=checksum(path, "sha256"), size=path.stat().st_size)
        monkeypatch.setattr(shapes3d, "SHAPES3D_FILE", file)
        return tmp_path / "data"

    return path, expect


@pytest.mark.parametrize("options", [{}, {"chunks": (7, 16, 16, 1), "compression": "gzip"}])
def test_images_keep_their_order(original, monkeypatch, options):
    monkeypatch.setattr(shapes3d, "images_at_once", lambda shape: 5)
    path, expect = original
    write(path, **options)
    data = shapes3d.load(expect(), GRID)
    assert (data.name, data.shape, data.factors) == ("shapes3d", (3, 64, 64), GRID)
    np.testing.assert_array_equal(data.images(torch.arange(24)) * 255, np.moveaxis(PIXELS, -1, 1))


def test_the_whole_grid_is_the_published_one():
    factors = shapes3d.FACTORS
    assert len(factors) == 480_000
    last = ((((9 * 10 + 8) * 10 + 7) * 8 + 6) * 4 + 3) * 15 + 14
    assert factors.index(np.array([9, 8, 7, 6, 3, 14])) == last


def test_chunks_are_not_unpacked_twice(original):
    path, _ = original
    write(path, chunks=(7, 64, 64, 3))
    with h5py.File(path) as file:
        count = shapes3d._whole_chunks(file["images"])
    assert count % 7 == 0
    assert count >= shapes3d.images_at_once(shapes3d.IMAGE)


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
    path, expect = original
    write(path, **contents)
    with pytest.raises(DevalError, match=rf"3dshapes\.h5: received {told}[^\n]*, expected [^\n]*$"):
        shapes3d.load(expect(), GRID)


def test_damaged_and_other_files_are_refused_and_the_old_cache_stays(original, tmp_path):
    path, expect = original
    write(path)
    shapes3d.load(expect(), GRID)
    kept = {file.name: file.read_bytes() for file in (tmp_path / "cache").iterdir()}
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(DevalError, match=r"received \d+ bytes, expected"):
        shapes3d.load(tmp_path / "data", GRID)
    with pytest.raises(DevalError, match=r"3dshapes\.h5: received OSError: [^\n]*$"):
        shapes3d.load(expect(), GRID)
    assert {file.name: file.read_bytes() for file in (tmp_path / "cache").iterdir()} == kept


def test_a_missing_file_is_told_with_what_to_type(tmp_path):
    with pytest.raises(UsageError, match=r"has no 3dshapes/3dshapes\.h5; .*deval data fetch shapes3d"):
        shapes3d.load(tmp_path)
