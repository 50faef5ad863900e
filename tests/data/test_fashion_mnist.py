"""Fashion-MNIST from small idx files whose checksums and counts stand in for the official ones."""

from __future__ import annotations

import gzip
import struct
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from disentangle_eval.data.files.published import checksum
from disentangle_eval.data.sets import fashion_mnist, mnist
from disentangle_eval.data.sets.mnist.config import MNISTConfig
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.registry.specs import DatasetSpec

TRAIN = fashion_mnist.DATASETS[0]
load = partial(mnist.load, cfg=MNISTConfig())

PIXELS = np.random.default_rng(0).integers(256, size=(12, 28, 28), dtype=np.uint8)
LABELS = np.arange(12, dtype=np.uint8) % 10


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape) + array.tobytes()


def write(folder: Path, pixels: np.ndarray = PIXELS, place: str = "fashion-mnist", cut: int = 0) -> DatasetSpec:
    """The two training files, and the data set of which they count as the official ones."""
    (folder / place).mkdir(parents=True, exist_ok=True)
    files = []
    for file, array in zip(TRAIN.files, (pixels, LABELS), strict=True):
        path = folder / place / Path(file.path).name
        packed = gzip.compress(idx(array), mtime=0)
        path.write_bytes(packed[: len(packed) - cut])
        files.append(replace(file, checksum=checksum(path, "md5"), size=path.stat().st_size))
    return replace(TRAIN, files=tuple(files), images=12)


@pytest.mark.parametrize("place", ["fashion-mnist", "FashionMNIST/raw"])
def test_images_and_labels_are_read(tmp_path, place):
    data = load(write(tmp_path, place=place), tmp_path)
    assert (data.name, data.shape, len(data)) == ("fashion-mnist", (1, 28, 28), 12)
    np.testing.assert_array_equal(data.images(torch.arange(12))[:, 0] * 255, PIXELS)
    assert data.labels.tolist() == LABELS.tolist()


def test_files_of_the_same_names_that_are_not_the_official_ones_are_refused(tmp_path):
    part = write(tmp_path)
    write(tmp_path, 255 - PIXELS)
    with pytest.raises(DevalError, match=r"train-images-idx3-ubyte\.gz: received .*expected .*; fetch the file again"):
        load(part, tmp_path)


def test_damaged_contents_are_refused_even_with_the_checksum(tmp_path):
    with pytest.raises(DevalError, match="counts 11 x 28 x 28, expected 12 x 28 x 28"):
        load(write(tmp_path, PIXELS[:11]), tmp_path)
    with pytest.raises(DevalError, match="ended before the end-of-stream marker"):
        load(write(tmp_path, cut=20), tmp_path)


def test_the_files_are_not_looked_for_where_those_of_mnist_lie(tmp_path):
    write(tmp_path, place="mnist")
    with pytest.raises(
        UsageError, match=r"fashion-mnist/train-images-idx3-ubyte\.gz; .*deval data fetch fashion-mnist"
    ):
        load(TRAIN, tmp_path)
