"""MNIST: 70,000 grey images of handwritten digits with their labels (LeCun, Cortes & Burges, 1998).

Read from the four official files, which the user brings.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from disentangle_eval import DataFile, DatasetSpec, data

if TYPE_CHECKING:
    import numpy as np

    from disentangle_eval.data.sets.mnist.config import MNISTConfig

SIDE = 28


def load(spec: DatasetSpec, folder: Path | None, cfg: MNISTConfig) -> data.ImageDataset:
    """The images of a part, (1, 28, 28) or, with a black frame, (1, 32, 32), with labels 0 to 9.

    `folder` holds its two files. UsageError where it does not; DevalError if a file is not the official one.
    """
    return _dataset(spec, cfg, *_read(spec, folder, spec.images))


def load_first(spec: DatasetSpec, folder: Path | None, cfg: MNISTConfig) -> data.ImageDataset:
    """The first images of the training files, as many as `spec` says; else as `load`."""
    pixels, labels = _read(spec, folder, TRAIN.images)
    return _dataset(spec, cfg, pixels[: spec.images], labels[: spec.images])


def load_last(spec: DatasetSpec, folder: Path | None, cfg: MNISTConfig) -> data.ImageDataset:
    """The last images of the training files, as many as `spec` says; else as `load`."""
    pixels, labels = _read(spec, folder, TRAIN.images)
    return _dataset(spec, cfg, pixels[-spec.images :], labels[-spec.images :])


def _read(spec: DatasetSpec, folder: Path | None, count: int) -> tuple[np.ndarray, np.ndarray]:
    """So many images (N, 28, 28) uint8 and labels (N,) uint8, from the two files of a data set."""
    images, labels = (
        _read_file(spec, folder, file, shape)
        for file, shape in zip(spec.files, [(count, SIDE, SIDE), (count,)], strict=True)
    )
    return images, labels


def _read_file(spec: DatasetSpec, folder: Path | None, file: DataFile, shape: tuple[int, ...]) -> np.ndarray:
    path, form = data.require_any(folder, spec.name, file)
    data.check(path, form)
    return data.read_idx(path, shape)


def _dataset(spec: DatasetSpec, cfg: MNISTConfig, pixels: np.ndarray, labels: np.ndarray) -> data.ImageDataset:
    import numpy as np

    frame = (cfg.size - SIDE) // 2
    pixels = np.pad(pixels, ((0, 0), (frame, frame), (frame, frame)))[:, None]
    sha256 = hashlib.sha256(pixels.tobytes()).hexdigest()
    return data.ImageDataset(spec.name, sha256, data.ByteImages.of(pixels), labels=labels.astype("int64"))


def _kaggle(name: str) -> tuple[str, ...]:
    """Where a file as Kaggle names it may be: with a dot, or in a folder of its own name."""
    names = (name.replace("-idx", ".idx"), f"{name}/{name}")
    return (*(f"mnist/{kaggle}" for kaggle in names), *names)


def _file(name: str, md5: str, size: int, unpacked_sha256: str, unpacked_size: int) -> DataFile:
    return DataFile(
        path=f"mnist/{name}.gz",
        also=(f"{name}.gz", f"MNIST/raw/{name}.gz"),
        urls=(
            f"https://ossci-datasets.s3.amazonaws.com/mnist/{name}.gz",
            f"http://yann.lecun.com/exdb/mnist/{name}.gz",
        ),
        checksum=f"md5:{md5}",
        size=size,
        instead=(
            DataFile(
                path=f"mnist/{name}",
                also=(
                    name,
                    f"MNIST/raw/{name}",
                    *(f"{folder}{kaggle}" for folder in ("mnist/", "") for kaggle in _kaggle(name)),
                ),
                checksum=f"sha256:{unpacked_sha256}",
                size=unpacked_size,
            ),
        ),
    )


_TRAIN_FILES = (
    _file(
        "train-images-idx3-ubyte",
        md5="f68b3c2dcbeaaa9fbdd348bbdeb94873",
        size=9_912_422,
        unpacked_sha256="ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        unpacked_size=47_040_016,
    ),
    _file(
        "train-labels-idx1-ubyte",
        md5="d53e105ee54ea40749a09fcbcd1e9432",
        size=28_881,
        unpacked_sha256="65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        unpacked_size=60_008,
    ),
)
_TEST_FILES = (
    _file(
        "t10k-images-idx3-ubyte",
        md5="9fb629c4189551a2d022fa330f9573f3",
        size=1_648_877,
        unpacked_sha256="0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        unpacked_size=7_840_016,
    ),
    _file(
        "t10k-labels-idx1-ubyte",
        md5="ec29112dd5afa0611ce80d1b7f02629c",
        size=4_542,
        unpacked_sha256="ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        unpacked_size=10_008,
    ),
)
_CONFIG = "disentangle_eval.data.sets.mnist.config:MNISTConfig"
_LICENCE = "CC BY-SA 3.0"
_HOMEPAGE = "http://yann.lecun.com/exdb/mnist/"

TRAIN = DatasetSpec(
    name="mnist",
    summary="60,000 grey 28x28 images of handwritten digits, with labels; scored on mnist-test",
    target="disentangle_eval.data.sets.mnist:load",
    config=_CONFIG,
    test="mnist-test",
    files=_TRAIN_FILES,
    images=60_000,
    licence=_LICENCE,
    homepage=_HOMEPAGE,
)

DATASETS = (
    TRAIN,
    DatasetSpec(
        name="mnist-55k",
        summary="mnist without its first 5,000 images, as TensorFlow 1 splits it; scored on mnist-test",
        target="disentangle_eval.data.sets.mnist:load_last",
        config=_CONFIG,
        test="mnist-test",
        validation="mnist-validation",
        files=_TRAIN_FILES,
        images=55_000,
        licence=_LICENCE,
        homepage=_HOMEPAGE,
    ),
    DatasetSpec(
        name="mnist-validation",
        summary="the first 5,000 training images of MNIST, which mnist-55k leaves out, with labels",
        target="disentangle_eval.data.sets.mnist:load_first",
        config=_CONFIG,
        files=_TRAIN_FILES,
        images=5_000,
        licence=_LICENCE,
        homepage=_HOMEPAGE,
    ),
    DatasetSpec(
        name="mnist-test",
        summary="the 10,000 test images of MNIST, with labels",
        target="disentangle_eval.data.sets.mnist:load",
        config=_CONFIG,
        files=_TEST_FILES,
        images=10_000,
        licence=_LICENCE,
        homepage=_HOMEPAGE,
    ),
)
