"""SVHN: coloured digits cut out of photographs of house numbers (Netzer, Wang, Coates, Bissacco, Wu & Ng, 2011).

Read from the files of cropped digits, the second of the two published formats, which the user brings.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from disentangle_eval.api import ImageShape
from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.files.matlab import read_variable
from disentangle_eval.data.files.prepared import byte_images, images_at_once
from disentangle_eval.data.files.published import check, damaged, identity, require
from disentangle_eval.data.sets.records import SVHN_EXTRA_FILE, SVHN_TEST_FILE, SVHN_TRAIN_FILE
from disentangle_eval.registry.specs import DataFile

IMAGE = ImageShape(3, 32, 32)

_LOG = logging.getLogger("disentangle_eval")


@dataclass(frozen=True)
class Part:
    """A part of the set: the name of its data set, its file, and the number of its images."""

    name: str
    file: DataFile
    images: int


TRAIN = Part("svhn", SVHN_TRAIN_FILE, 73_257)
TEST = Part("svhn-test", SVHN_TEST_FILE, 26_032)
EXTRA = Part("svhn-extra", SVHN_EXTRA_FILE, 531_131)


def load_train(folder: Path | None) -> ImageDataset:
    """The 73,257 training images, (3, 32, 32), with labels 0 to 9.

    `folder` holds the file of this part. UsageError where it does not; DevalError if the file is not the official one.
    """
    return load_part(folder, TRAIN)


def load_test(folder: Path | None) -> ImageDataset:
    """The 26,032 test images; else as `load_train`."""
    return load_part(folder, TEST)


def load_extra(folder: Path | None) -> ImageDataset:
    """The 531,131 additional, easier images; else as `load_train`."""
    return load_part(folder, EXTRA)


def load_part(folder: Path | None, part: Part) -> ImageDataset:
    """The images and labels of one part."""
    path = require(folder, part.name, part.file)
    store, sha256 = byte_images(part.name, identity(path, part.file), IMAGE, lambda: read_images(path, part))
    return ImageDataset(part.name, sha256, store, labels=read_labels(path, part.images))


def read_images(path: Path, part: Part) -> Iterator[np.ndarray]:
    """The images of a part's file once it is found to be the official one, in blocks of (n, 32, 32, 3) uint8."""
    _LOG.info("reading %s once", path)
    check(path, part.file)
    pixels = read_variable(path, "X", (IMAGE.height, IMAGE.width, IMAGE.channels, part.images))
    count = images_at_once(IMAGE)
    for start in range(0, part.images, count):
        yield pixels[..., start : start + count].transpose(3, 0, 1, 2)


def read_labels(path: Path, images: int) -> np.ndarray:
    """The digits, (N,) int64: the file's 10 stands for the digit 0."""
    labels = read_variable(path, "y", (images, 1))[:, 0].astype(np.int64)
    if not np.isin(labels, np.arange(1, 11)).all():
        raise damaged(path, f"labels from {labels.min()} to {labels.max()}", "labels from 1 to 10")
    return labels % 10
