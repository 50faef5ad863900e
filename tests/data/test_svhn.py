"""SVHN from small .mat files of the same form whose checksums and counts stand in for the official ones."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import torch

from disentangle_eval.data.files import prepared
from disentangle_eval.data.files.published import checksum
from disentangle_eval.data.sets import svhn
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.registry.specs import DatasetSpec

TRAIN, EXTRA, TEST = svhn.DATASETS
PIXELS = np.random.default_rng(0).integers(256, size=(32, 32, 3, 12), dtype=np.uint8)
LABELS = np.array([[10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1]], dtype=np.uint8).T


@pytest.fixture(autouse=True)
def _cache(monkeypatch, tmp_path):
    monkeypatch.setenv("DEVAL_CACHE", str(tmp_path / "cache"))


def write(folder: Path, images: int = 12, **variables: np.ndarray | None) -> DatasetSpec:
    """A training file with these variables, and the part of which it counts as the official file."""
    path = folder / "svhn" / "train_32x32.mat"
    path.parent.mkdir(parents=True, exist_ok=True)
    contents = {name: array for name, array in {"X": PIXELS, "y": LABELS, **variables}.items() if array is not None}
    scipy.io.savemat(path, contents, do_compression=True)
    return official(path, images)


def official(path: Path, images: int = 12) -> DatasetSpec:
    file = replace(TRAIN.files[0], checksum=checksum(path, "md5"), size=path.stat().st_size)
    return replace(TRAIN, files=(file,), images=images)


def test_images_come_first_and_ten_is_the_digit_zero(tmp_path, monkeypatch):
    monkeypatch.setattr(prepared, "_BYTES_AT_ONCE", 5 * 32 * 32 * 3)
    data = svhn.load(write(tmp_path), tmp_path)
    assert (data.name, data.shape, len(data)) == ("svhn", (3, 32, 32), 12)
    images = data.images(torch.arange(12)) * 255
    for n, channel in np.ndindex(12, 3):
        np.testing.assert_array_equal(images[n, channel], PIXELS[:, :, channel, n])
    assert data.labels.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    assert data.sha256 == hashlib.sha256(np.moveaxis(PIXELS, -1, 0).tobytes()).hexdigest()


def test_the_file_is_converted_once(tmp_path, monkeypatch):
    part = write(tmp_path)
    first = svhn.load(part, tmp_path)
    monkeypatch.setattr(svhn, "read_images", lambda spec, path: pytest.fail("read again"))
    assert svhn.load(part, tmp_path).sha256 == first.sha256


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ({"X": None}, "no X"),
        ({"y": None}, "no y"),
        ({"X": PIXELS.astype(np.float64)}, "float64 of shape"),
        ({"X": PIXELS[..., :11]}, r"uint8 of shape \(32, 32, 3, 11\)"),
        ({"X": PIXELS.transpose(3, 0, 1, 2)}, r"uint8 of shape \(12, 32, 32, 3\)"),
        ({"y": LABELS.T}, r"uint8 of shape \(1, 12\)"),
        ({"y": LABELS % 10}, "labels from 0 to 9"),
    ],
)
def test_other_contents_are_refused(tmp_path, damage, told):
    part = write(tmp_path, **damage)
    with pytest.raises(DevalError, match=rf"train_32x32\.mat: received {told}.*, expected .*; fetch the file again$"):
        svhn.load(part, tmp_path)


def test_another_file_is_refused_by_its_checksum(tmp_path):
    part = write(tmp_path)
    write(tmp_path, y=LABELS[::-1])
    with pytest.raises(DevalError, match=r"received .*expected"):
        svhn.load(part, tmp_path)
    assert not list((tmp_path / "cache").glob("*"))


@pytest.mark.parametrize("keep", [0, 100, 200, 10_000])
def test_a_truncated_file_is_told_in_one_line(tmp_path, keep):
    write(tmp_path)
    path = tmp_path / "svhn" / "train_32x32.mat"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DevalError, match=r"^[^\n]*train_32x32\.mat: received [^\n]*$"):
        svhn.load(official(path), tmp_path)


def test_a_missing_file_is_told_with_what_to_type(tmp_path):
    with pytest.raises(UsageError, match=r"has no svhn/test_32x32\.mat; .*deval data fetch svhn-test"):
        svhn.load(TEST, tmp_path)
    assert [spec.images for spec in (TRAIN, TEST, EXTRA)] == [73_257, 26_032, 531_131]
