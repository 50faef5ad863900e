"""MNIST: 70,000 grey images of handwritten digits with their labels (LeCun, Cortes & Burges, 1998).

Read from the four official files, which the user brings.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch

from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.images import ByteImages
from disentangle_eval.data.sets.mnist.files import (
    TEST_IMAGES,
    TEST_LABELS,
    TRAIN_IMAGES,
    TRAIN_LABELS,
    IdxFile,
    read_file,
)

VALIDATION = 5_000


def load_train(folder: Path | None) -> ImageDataset:
    """The 60,000 training images, (1, 28, 28), with labels 0 to 9.

    `folder` holds the files of MNIST. UsageError where it does not; DevalError if a file is not the official one.
    """
    return _dataset("mnist", folder, TRAIN_IMAGES, TRAIN_LABELS)


def load_train_55k(folder: Path | None) -> ImageDataset:
    """The last 55,000 training images: TensorFlow 1 sets the first 5,000 aside for validation. Else as `load_train`."""
    return _dataset("mnist-55k", folder, TRAIN_IMAGES, TRAIN_LABELS, start=VALIDATION)


def load_test(folder: Path | None) -> ImageDataset:
    """The 10,000 test images with labels 0 to 9; else as `load_train`."""
    return _dataset("mnist-test", folder, TEST_IMAGES, TEST_LABELS)


def _dataset(name: str, folder: Path | None, images: IdxFile, labels: IdxFile, start: int = 0) -> ImageDataset:
    pixels = read_file(folder, images)[start:, None]
    classes = read_file(folder, labels)[start:].astype("int64")
    sha256 = hashlib.sha256(pixels.tobytes()).hexdigest()
    return ImageDataset(name, sha256, ByteImages(torch.from_numpy(pixels)), labels=classes)
