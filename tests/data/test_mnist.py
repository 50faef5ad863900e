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

from disentangle_eval.config import build
from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.sets import mnist
from disentangle_eval.data.sets.mnist.config import MNISTConfig
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.registry.specs import DataFile, DatasetSpec

SHARED = Path(os.environ.get("DEVAL_SHARED", Path(__file__).parents[3] / "shared"))
NAMES = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]

RANDOM = np.random.default_rng(0)
ARRAYS = (
    RANDOM.integers(256, size=(12, 28, 28), dtype=np.uint8),
    np.arange(12, dtype=np.uint8) % 10,
    RANDOM.integers(256, size=(5, 28, 28), dtype=np.uint8),
    np.array([3, 1, 4, 1, 5], dtype=np.uint8),
)
SPECS = {spec.name: spec for spec in mnist.DATASETS}


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape) + array.tobytes()


CONTENTS = dict(zip(NAMES, map(idx, ARRAYS), strict=True))


def official(name: str, images: int) -> DatasetSpec:
    """A data set of so many images, for which the small files above count as the official ones."""
    files = [_file(file, CONTENTS[Path(file.path).stem]) for file in SPECS[name].files]
    return replace(SPECS[name], files=tuple(files), images=images)


def _file(file: DataFile, contents: bytes) -> DataFile:
    packed = gzip.compress(contents, mtime=0)
    unpacked = replace(file.instead[0], size=len(contents), checksum=f"sha256:{hashlib.sha256(contents).hexdigest()}")
    checksum = f"md5:{hashlib.md5(packed, usedforsecurity=False).hexdigest()}"
    return replace(file, size=len(packed), checksum=checksum, instead=(unpacked,))


EVERY = torch.arange(12)
AS_IT_IS = MNISTConfig()
TRAIN, TEST = official("mnist", 12), official("mnist-test", 5)


def load(spec: DatasetSpec, folder: Path | None, cfg: MNISTConfig = AS_IT_IS) -> ImageDataset:
    return mnist.load(spec, folder, cfg)


def put(folder: Path, contents: dict[str, bytes] = CONTENTS, packed: bool = True) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in contents.items():
        path = folder / (f"{name}.gz" if packed else name)
        path.write_bytes(gzip.compress(data, mtime=0) if packed else data)
    return folder


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("place", ["", "mnist", "MNIST/raw"])
def test_images_and_labels_are_found_packed_or_not(tmp_path, place, packed):
    put(tmp_path / place, CONTENTS, packed)
    train, test = load(TRAIN, tmp_path), load(TEST, tmp_path)
    assert (train.name, test.name, train.shape, len(train), len(test)) == ("mnist", "mnist-test", (1, 28, 28), 12, 5)
    np.testing.assert_array_equal(train.images(torch.arange(12))[:, 0] * 255, ARRAYS[0])
    np.testing.assert_array_equal(test.images(torch.arange(5))[:, 0] * 255, ARRAYS[2])
    assert train.labels.tolist() == ARRAYS[1].tolist()
    assert test.labels.tolist() == [3, 1, 4, 1, 5]
    assert train.sha256 == hashlib.sha256(ARRAYS[0].tobytes()).hexdigest()


def test_the_validation_images_of_tensorflow_come_first(tmp_path, monkeypatch):
    monkeypatch.setattr(mnist, "TRAIN", TRAIN)
    put(tmp_path)
    whole, part = load(TRAIN, tmp_path), mnist.load_last(official("mnist-55k", 8), tmp_path, AS_IT_IS)
    first = mnist.load_first(official("mnist-validation", 4), tmp_path, AS_IT_IS)
    assert (part.name, len(part)) == ("mnist-55k", 8)
    assert torch.equal(part.images(torch.arange(8)), whole.images(torch.arange(4, 12)))
    assert part.labels.tolist() == whole.labels[4:].tolist()
    assert part.sha256 != whole.sha256
    assert torch.equal(torch.cat([first.images(torch.arange(4)), part.images(torch.arange(8))]), whole.images(EVERY))
    assert (first.name, first.labels.tolist()) == ("mnist-validation", whole.labels[:4].tolist())


def test_a_frame_makes_images_of_32_pixels(tmp_path):
    put(tmp_path)
    plain, framed = load(TRAIN, tmp_path), load(TRAIN, tmp_path, build(MNISTConfig, {"size": "32"}))
    assert framed.shape == (1, 32, 32)
    images = framed.images(EVERY)
    assert torch.equal(images[:, :, 2:-2, 2:-2], plain.images(EVERY))
    assert images.sum() == plain.images(EVERY).sum()
    assert framed.sha256 != plain.sha256
    with pytest.raises(UsageError, match="size"):
        build(MNISTConfig, {"size": "30"})


@pytest.mark.parametrize("place", ["", "mnist"])
@pytest.mark.parametrize("name", [lambda name: name.replace("-idx", ".idx"), lambda name: f"{name}/{name}"])
def test_the_names_on_kaggle_are_known(tmp_path, place, name):
    for file, contents in CONTENTS.items():
        path = tmp_path / place / name(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents)
    assert load(TEST, tmp_path).labels.tolist() == [3, 1, 4, 1, 5]


def test_without_a_folder_or_a_file_it_is_said_how_to_get_it(tmp_path):
    (put(tmp_path) / f"{NAMES[3]}.gz").unlink()
    for folder, received in [(None, "no data folder"), (tmp_path, NAMES[3]), (tmp_path / "none", NAMES[2])]:
        with pytest.raises(UsageError, match="type: deval data fetch mnist-test --data-dir") as caught:
            load(TEST, folder)
        assert received in str(caught.value)


def refusal(folder: Path, spec: DatasetSpec = TEST) -> str:
    with pytest.raises(DevalError) as caught:
        load(spec, folder)
    assert type(caught.value) is DevalError
    assert str(caught.value).startswith(str(folder))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_file_that_is_not_the_official_one_is_refused(tmp_path):
    path = put(tmp_path) / f"{NAMES[2]}.gz"
    whole = path.read_bytes()
    for contents in (whole[:-6], b"", b"not a gzip file"):
        path.write_bytes(contents)
        assert f"received {len(contents)} bytes, expected {len(whole)}" in refusal(tmp_path)
    path.write_bytes(whole[:100] + bytes(100) + whole[200:])
    assert "expected md5:" in refusal(tmp_path)


def test_other_images_of_the_same_form_are_refused_by_their_checksum(tmp_path):
    other = idx(ARRAYS[2] // 2)
    put(tmp_path, {**CONTENTS, NAMES[2]: other}, packed=False)
    assert hashlib.sha256(other).hexdigest() in refusal(tmp_path)
    assert hashlib.sha256(CONTENTS[NAMES[2]]).hexdigest() in refusal(tmp_path)


@pytest.mark.parametrize(
    ("contents", "told"),
    [
        (CONTENTS[NAMES[0]], "counts 12 x 28 x 28, expected 5 x 28 x 28"),
        (CONTENTS[NAMES[2]][:-6], f"received {16 + 5 * 784 - 6} bytes, expected {16 + 5 * 784}"),
    ],
)
def test_contents_of_another_form_are_refused_even_with_the_checksum(tmp_path, contents, told):
    put(tmp_path, {**CONTENTS, NAMES[2]: contents})
    spec = replace(TEST, files=(_file(TEST.files[0], contents), TEST.files[1]))
    assert told in refusal(tmp_path, spec)


@pytest.fixture(scope="module")
def real() -> Path:
    folder = SHARED / "data"
    if not (folder / "mnist").is_dir():
        pytest.skip(f"{folder / 'mnist'} is absent; DEVAL_SHARED names the folder that holds data/")
    return folder


# Known facts of the set: images of each digit, and the first ten digits of either part.
REAL = {
    "mnist": ([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]),
    "mnist-test": ([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]),
}


@pytest.mark.parametrize("name", REAL)
def test_the_real_files_hold_the_known_digits(real, name):
    data = load(SPECS[name], real)
    counts, first = REAL[name]
    assert np.bincount(data.labels).tolist() == counts
    assert data.labels[:10].tolist() == first
    images = data.images(torch.arange(256))
    assert (images.shape[1:], float(images.min()), float(images.max())) == ((1, 28, 28), 0.0, 1.0)
    assert float(images.mean()) == pytest.approx(0.13, abs=0.02)
