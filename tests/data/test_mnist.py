"""MNIST from its files: small ones of the same form whose checksums stand in for the official, and the real ones."""

from __future__ import annotations

import gzip
import hashlib
import os
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from disentangle_eval.data.sets import mnist
from disentangle_eval.data.sets.mnist import files
from disentangle_eval.errors import DevalError, UsageError

SHARED = Path(os.environ.get("DEVAL_SHARED", Path(__file__).parents[3] / "shared"))
NAMES = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]

RANDOM = np.random.default_rng(0)
ARRAYS = {
    "TRAIN_IMAGES": RANDOM.integers(256, size=(12, 28, 28), dtype=np.uint8),
    "TRAIN_LABELS": np.arange(12, dtype=np.uint8) % 10,
    "TEST_IMAGES": RANDOM.integers(256, size=(5, 28, 28), dtype=np.uint8),
    "TEST_LABELS": np.array([3, 1, 4, 1, 5], dtype=np.uint8),
}


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """The contents of four small files by name, which count as the official ones."""
    contents = {}
    for constant, array in ARRAYS.items():
        file = getattr(mnist, constant)
        contents[file.name] = idx(array)
        sha256 = hashlib.sha256(contents[file.name]).hexdigest()
        monkeypatch.setattr(mnist, constant, replace(file, shape=array.shape, sha256=sha256))
    return contents


def put(folder: Path, contents: dict[str, bytes], packed: bool = True) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in contents.items():
        path = folder / (f"{name}.gz" if packed else name)
        path.write_bytes(gzip.compress(data) if packed else data)
    return folder


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("place", ["", "mnist", "MNIST/raw"])
def test_images_and_labels_are_found_packed_or_not(tmp_path, small, place, packed):
    put(tmp_path / place, small, packed)
    train, test = mnist.load_train(tmp_path), mnist.load_test(tmp_path)
    assert (train.name, test.name, train.shape, len(train), len(test)) == ("mnist", "mnist-test", (1, 28, 28), 12, 5)
    np.testing.assert_array_equal(train.images(torch.arange(12))[:, 0] * 255, ARRAYS["TRAIN_IMAGES"])
    np.testing.assert_array_equal(test.images(torch.arange(5))[:, 0] * 255, ARRAYS["TEST_IMAGES"])
    assert train.labels.tolist() == ARRAYS["TRAIN_LABELS"].tolist()
    assert test.labels.tolist() == [3, 1, 4, 1, 5]
    assert train.sha256 == hashlib.sha256(ARRAYS["TRAIN_IMAGES"].tobytes()).hexdigest()


def test_the_validation_images_of_tensorflow_come_first(tmp_path, small, monkeypatch):
    monkeypatch.setattr(mnist, "VALIDATION", 4)
    whole, part = mnist.load_train(put(tmp_path, small)), mnist.load_train_55k(tmp_path)
    assert (part.name, len(part)) == ("mnist-55k", 8)
    assert torch.equal(part.images(torch.arange(8)), whole.images(torch.arange(4, 12)))
    assert part.labels.tolist() == whole.labels[4:].tolist()
    assert part.sha256 != whole.sha256


def test_without_a_folder_or_a_file_it_is_said_which_four_go_where(tmp_path, small):
    put(tmp_path, small)
    (tmp_path / f"{NAMES[3]}.gz").unlink()
    for folder, received in [(None, "no data folder"), (tmp_path, NAMES[3]), (tmp_path / "none", NAMES[2])]:
        with pytest.raises(UsageError) as caught:
            mnist.load_test(folder)
        message = str(caught.value)
        assert received in message
        assert all(f"{name}.gz" in message for name in NAMES)
        assert "--data-dir or DEVAL_DATA" in message
        assert "\n" not in message


def refusal(folder: Path) -> str:
    with pytest.raises(DevalError) as caught:
        mnist.load_test(folder)
    assert type(caught.value) is DevalError
    assert str(caught.value).startswith(str(folder))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_truncated_file_is_refused(tmp_path, small):
    path = put(tmp_path, small) / f"{NAMES[2]}.gz"
    path.write_bytes(path.read_bytes()[:-6])
    assert "ended before the end-of-stream marker" in refusal(tmp_path)
    path.write_bytes(gzip.compress(small[NAMES[2]][:-6]))
    assert f"received {16 + 5 * 784 - 6} bytes, expected {16 + 5 * 784}" in refusal(tmp_path)


def test_a_damaged_file_is_refused(tmp_path, small):
    path = put(tmp_path, small) / f"{NAMES[2]}.gz"
    path.write_bytes(path.read_bytes()[:100] + bytes(100) + path.read_bytes()[200:])
    refusal(tmp_path)


@pytest.mark.parametrize("contents", [b"", b"not a gzip file"])
def test_a_file_of_another_kind_is_refused(tmp_path, small, contents):
    (put(tmp_path, small) / f"{NAMES[2]}.gz").write_bytes(contents)
    refusal(tmp_path)


def test_other_images_of_the_same_form_are_refused_by_their_checksum(tmp_path, small):
    other = idx(ARRAYS["TEST_IMAGES"] // 2)
    put(tmp_path, {**small, NAMES[2]: other}, packed=False)
    assert hashlib.sha256(other).hexdigest() in refusal(tmp_path)
    assert hashlib.sha256(small[NAMES[2]]).hexdigest() in refusal(tmp_path)


def test_training_files_under_the_names_of_the_test_files_are_refused(tmp_path, small):
    put(tmp_path, {**small, NAMES[2]: small[NAMES[0]]})
    assert "counts 12 x 28 x 28, expected 5 x 28 x 28" in refusal(tmp_path)


@pytest.fixture(scope="module")
def real() -> Path:
    folder = SHARED / "data"
    if not (folder / "mnist").is_dir():
        pytest.skip(f"{folder / 'mnist'} is absent; DEVAL_SHARED names the folder that holds data/")
    return folder


# Known facts of the set: images of each digit, and the first ten digits of either part.
REAL = {
    mnist.load_train: ([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]),
    mnist.load_test: ([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]),
}


@pytest.mark.parametrize("load", REAL)
def test_the_real_files_hold_the_known_digits(real, load):
    data = load(real)
    counts, first = REAL[load]
    assert np.bincount(data.labels).tolist() == counts
    assert data.labels[:10].tolist() == first
    images = data.images(torch.arange(256))
    assert (images.shape[1:], float(images.min()), float(images.max())) == ((1, 28, 28), 0.0, 1.0)
    assert float(images.mean()) == pytest.approx(0.13, abs=0.02)


def test_the_checksums_are_those_of_four_different_files():
    known = [files.TRAIN_IMAGES, files.TRAIN_LABELS, files.TEST_IMAGES, files.TEST_LABELS]
    assert [file.name for file in known] == NAMES
    assert len({file.sha256 for file in known}) == 4
