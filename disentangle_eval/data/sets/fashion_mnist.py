"""Fashion-MNIST: 70,000 grey images of clothes in ten classes, in the form of MNIST (Xiao, Rasul & Vollgraf, 2017).

Read from the four official files, which the user brings.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.files.published import check, require
from disentangle_eval.data.images import ByteImages
from disentangle_eval.data.sets.mnist.files import read_idx
from disentangle_eval.data.sets.records import FASHION_MNIST_TEST_FILES, FASHION_MNIST_TRAIN_FILES
from disentangle_eval.registry.specs import DataFile


@dataclass(frozen=True)
class Part:
    """A part of the set: the name of its data set, its two files, and the number of its images."""

    name: str
    images: DataFile
    labels: DataFile
    count: int


TRAIN = Part("fashion-mnist", *FASHION_MNIST_TRAIN_FILES, 60_000)
TEST = Part("fashion-mnist-test", *FASHION_MNIST_TEST_FILES, 10_000)


def load_train(folder: Path | None) -> ImageDataset:
    """The 60,000 training images, (1, 28, 28), with labels 0 to 9.

    `folder` holds the packed files of this part. UsageError where it does not; DevalError if a file is not the official
    one.
    """
    return load_part(folder, TRAIN)


def load_test(folder: Path | None) -> ImageDataset:
    """The 10,000 test images; else as `load_train`."""
    return load_part(folder, TEST)


def load_part(folder: Path | None, part: Part) -> ImageDataset:
    """The images and labels of one part."""
    pixels = _read(folder, part.name, part.images, (part.count, 28, 28))[:, None]
    classes = _read(folder, part.name, part.labels, (part.count,)).astype(np.int64)
    sha256 = hashlib.sha256(pixels.tobytes()).hexdigest()
    return ImageDataset(part.name, sha256, ByteImages(torch.from_numpy(pixels)), labels=classes)


def _read(folder: Path | None, name: str, file: DataFile, shape: tuple[int, ...]) -> np.ndarray:
    path = require(folder, name, file)
    check(path, file)
    return read_idx(path, shape)[0]
