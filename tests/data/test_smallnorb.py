"""SmallNORB from small files of the official form: 2 x 2 x 3 x 2 poses of four toys, two in either half."""

from __future__ import annotations

import gzip
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from disentangle_eval.api import Nuisance
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.data.sets.smallnorb import DATASETS, loading
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.runtime.draws import GeneratorDraw

(SMALLNORB,) = DATASETS
WHOLE = FactorSpace.parse(SMALLNORB.factors)
GRID = FactorSpace(WHOLE.names, (2, 2, 3, 2))
PUBLISHED = loading.INSTANCES
EVERY = torch.arange(len(GRID))
PIXELS = np.random.default_rng(0).integers(256, size=(96, 96, 96), dtype=np.uint8)
MAGIC = {np.dtype(np.uint8): 0x1E3D4C55, np.dtype(np.int32): 0x1E3D4C54}


@pytest.fixture(autouse=True)
def _cache(monkeypatch, tmp_path):
    monkeypatch.setenv("DEVAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(loading, "INSTANCES", TOYS)


def unchecked(file):
    """A file with any checksum, here or unpacked."""
    return replace(file, checksum="", size=0)


FILES = tuple(unchecked(file) for file in SMALLNORB.files)
TOYS = ((1, 3), (0, 2))
SMALL = replace(SMALLNORB, files=FILES, images=24, factors="category 2, elevation 2, azimuth 3, lighting 2")


def matrix(array: np.ndarray) -> bytes:
    """A matrix in the official format: at least three counts are written."""
    counts = (*array.shape, *[1] * (3 - array.ndim))
    return struct.pack(f"<{2 + len(counts)}I", MAGIC[array.dtype], array.ndim, *counts) + array.tobytes()


def contents(part: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images, categories and info of a half, in no order; the left picture of image `pixel_of(...)`."""
    rows = [(*GRID.classes(np.array(pose)), instance) for pose in range(len(GRID)) for instance in TOYS[part]]
    rows = [rows[i] for i in np.random.default_rng(part).permutation(len(rows))]
    left = np.stack([PIXELS[pixel_of(row)] for row in rows])
    images = np.stack([left, 255 - left], axis=1)
    categories = np.array([row[0] for row in rows], dtype=np.int32)
    info = np.array([(instance, e, 2 * a, light) for _, e, a, light, instance in rows], dtype=np.int32)
    return images, categories, info


def pixel_of(row: tuple[int, ...]) -> int:
    return int(GRID.index(np.array(row[:4]))) * 4 + int(row[4])


def write(folder: Path, packed: bool = True) -> list[Path]:
    paths = []
    for part in range(2):
        for file, array in zip(FILES[3 * part : 3 * part + 3], contents(part), strict=True):
            path = folder / (file.path if packed else file.instead[0].path)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(gzip.compress(matrix(array), 1) if packed else matrix(array))
            paths.append(path)
    return paths


def load(folder: Path):
    return loading.load(SMALL, folder)


def resized(pixels: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(pixels).resize((64, 64), Image.Resampling.LANCZOS))


@pytest.mark.parametrize("packed", [True, False])
def test_every_pose_shows_one_toy_that_never_changes(tmp_path, packed):
    write(tmp_path, packed)
    data = load(tmp_path)
    assert (data.name, data.shape, data.factors, len(data)) == ("smallnorb", (1, 64, 64), GRID, 24)
    images = data.images(EVERY)[:, 0] * 255
    toys = [[np.array_equal(images[pose], resized(PIXELS[4 * pose + toy])) for toy in range(4)] for pose in range(24)]
    assert np.array(toys).sum(axis=1).tolist() == [1] * 24
    assert np.array(toys).any(axis=0).all()
    assert torch.equal(data.images(torch.tensor([5, 5, 7])) * 255, images[[5, 5, 7], None])


def test_an_observation_shows_any_toy_in_the_pose_asked_for(tmp_path):
    write(tmp_path)
    data = load(tmp_path)
    assert isinstance(data, Nuisance)
    index = torch.full((200,), 13)
    images = data.observe(index, GeneratorDraw(0))[:, 0] * 255
    counts = [sum(np.array_equal(image, resized(PIXELS[4 * 13 + toy])) for image in images) for toy in range(4)]
    assert sum(counts) == 200
    assert min(counts) > 25
    assert torch.equal(data.observe(index, GeneratorDraw(0))[:, 0] * 255, images)


def test_a_batch_needs_no_host_read(tmp_path):
    write(tmp_path)
    data = load(tmp_path).to(torch.device("meta"))
    assert data.images(torch.arange(4, device="meta")).shape == (4, 1, 64, 64)


def test_the_whole_grid_is_the_published_one():
    assert WHOLE.sizes == (5, 9, 18, 6)
    assert sorted(PUBLISHED[0] + PUBLISHED[1]) == list(range(10))
    assert len(WHOLE) * 10 == 2 * 24_300


def rewrite(folder: Path, at: int, change) -> Path:
    """Writes the set, one of its six files changed."""
    path = write(folder)[at]
    path.write_bytes(gzip.compress(change(gzip.decompress(path.read_bytes())), 1))
    return path


def with_word(at: int, value: int):
    return lambda whole: whole[: 4 * at] + struct.pack("<I", value) + whole[4 * at + 4 :]


@pytest.mark.parametrize(
    ("at", "change", "told"),
    [
        (0, lambda whole: whole[:-1], "ValueError"),
        (0, lambda whole: whole + b"0", "more bytes"),
        (0, with_word(0, 0x1E3D4C54), "magic number 0x1E3D4C54"),
        (0, with_word(2, 47), "counts 47 x 2 x 96 x 96"),
        (1, with_word(1, 2), "magic number 0x1E3D4C54 and 2 counts"),
        (1, lambda whole: whole[:6], "error"),
        (2, with_word(5 + 2, 1), "other factors"),  # an odd azimuth
        (2, with_word(5 + 0, 0), "other factors"),  # a toy of the other half
        (2, with_word(5 + 3, 0xFFFFFFFF), "other factors"),
        (5, lambda whole: b"", "error"),
    ],
)
def test_damaged_files_are_refused(tmp_path, at, change, told):
    path = rewrite(tmp_path, at, change)
    with pytest.raises(DevalError, match=rf"^[^\n]*: received [^\n]*({told})[^\n]*, expected [^\n]*$") as caught:
        load(tmp_path)
    assert str(path) in str(caught.value)
    assert not list((tmp_path / "cache").iterdir())


def test_the_same_toy_twice_is_refused(tmp_path):
    path = write(tmp_path)[2]
    categories, info = contents(0)[1:]
    twin = next(i for i in range(1, len(info)) if categories[i] == categories[0])
    info[twin] = info[0]
    path.write_bytes(gzip.compress(matrix(info)))
    with pytest.raises(DevalError, match="received an image of the same toy and pose twice"):
        load(tmp_path)


def test_a_truncated_or_other_file_is_refused(tmp_path):
    path = write(tmp_path)[3]
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DevalError, match="ended before the end-of-stream marker"):
        load(tmp_path)
    with pytest.raises(DevalError, match=r"received \d+ bytes, expected 131896188"):
        loading.load(SMALLNORB, tmp_path)


def test_a_missing_file_is_told_with_what_to_type(tmp_path):
    write(tmp_path)[5].unlink()
    with pytest.raises(UsageError, match=r"testing-info\.mat\.gz; .*deval data fetch smallnorb"):
        load(tmp_path)
