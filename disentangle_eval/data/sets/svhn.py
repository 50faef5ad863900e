"""SVHN: coloured digits cut out of photographs of house numbers (Netzer, Wang, Coates, Bissacco, Wu & Ng, 2011).

Read from the files of cropped digits, the second of the two published formats, which the user brings.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from disentangle_eval import DataFile, DatasetSpec, data
from disentangle_eval.api import ImageShape

if TYPE_CHECKING:
    import numpy as np

IMAGE = ImageShape(3, 32, 32)

_LOG = logging.getLogger("disentangle_eval")


def load(spec: DatasetSpec, folder: Path | None) -> data.ImageDataset:
    """The images of a part, (3, 32, 32), with labels 0 to 9.

    `folder` holds the file of this part. UsageError where it does not; DevalError if the file is not the official one.
    """
    path = data.require(folder, spec.name, spec.files[0])
    key = data.identity(path, spec.files[0])
    store, sha256 = data.byte_images(spec.name, key, IMAGE, lambda: read_images(spec, path))
    return data.ImageDataset(spec.name, sha256, store, labels=read_labels(path, spec.images))


def read_images(spec: DatasetSpec, path: Path) -> Iterator[np.ndarray]:
    """The images of a part's file once it is found to be the official one, in blocks of (n, 32, 32, 3) uint8."""
    _LOG.info("reading %s, once", path)
    data.check(path, spec.files[0])
    pixels = data.read_variable(path, "X", (IMAGE.height, IMAGE.width, IMAGE.channels, spec.images))
    count = data.images_at_once(IMAGE)
    for start in range(0, spec.images, count):
        yield pixels[..., start : start + count].transpose(3, 0, 1, 2)


def read_labels(path: Path, images: int) -> np.ndarray:
    """The digits, (N,) int64: the file's 10 is the digit 0."""
    labels = data.read_variable(path, "y", (images, 1))[:, 0].astype("int64")
    if labels.min() < 1 or labels.max() > 10:
        raise data.damaged(path, f"labels from {labels.min()} to {labels.max()}", "labels from 1 to 10")
    return labels % 10


def _spec(name: str, summary: str, file: str, md5: str, size: int, images: int, test: str = "") -> DatasetSpec:
    return DatasetSpec(
        name=name,
        summary=summary,
        target="disentangle_eval.data.sets.svhn:load",
        test=test,
        files=(
            DataFile(
                path=f"svhn/{file}",
                also=(f"SVHN/{file}", file),
                urls=(f"http://ufldl.stanford.edu/housenumbers/{file}",),
                checksum=f"md5:{md5}",
                size=size,
            ),
        ),
        images=images,
        licence="non-commercial use only",
        homepage="http://ufldl.stanford.edu/housenumbers/",
    )


DATASETS = (
    _spec(
        "svhn",
        "73,257 colour 32x32 images of digits on houses, with labels; scored on svhn-test",
        "train_32x32.mat",
        md5="e26dedcc434d2e4c54c9b2d4a06d8373",
        size=182_040_794,
        images=73_257,
        test="svhn-test",
    ),
    _spec(
        "svhn-extra",
        "531,131 more images of SVHN, easier ones, with labels; scored on svhn-test",
        "extra_32x32.mat",
        md5="a93ce644f1a588dc4d68dda5feec44a7",
        size=1_329_278_602,
        images=531_131,
        test="svhn-test",
    ),
    _spec(
        "svhn-test",
        "the 26,032 test images of SVHN, with labels",
        "test_32x32.mat",
        md5="eb5a983be6a315427106f1b164d9cef3",
        size=64_275_384,
        images=26_032,
    ),
)
