"""dSprites in main memory, a bit per pixel: read from the original archive, else drawn."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import torch

from disentangle_eval import DataFile, DatasetSpec
from disentangle_eval.data import (
    BitImages,
    FactorSpace,
    ImageDataset,
    cache_folder,
    cached_array,
    check,
    counted,
    find_any,
    identity,
    read_blocks,
    read_hdf5_blocks,
)
from disentangle_eval.data.sets.dsprites.drawing import DRAWING_VERSION, draw_all
from disentangle_eval.data.sets.dsprites.geometry import FACTORS, IMAGE
from disentangle_eval.errors import UsageError

_IMAGES_AT_ONCE = 8192

_LOG = logging.getLogger("disentangle_eval")


def load(spec: DatasetSpec, folder: Path | None) -> ImageDataset:
    """dSprites, bit-packed in main memory: (1, 64, 64) images and the factors shape, scale, orientation, x, y.

    `folder` holds the original archive (or is that file); without one the images are drawn. The name says which:
    `dsprites@archive` or `dsprites@drawn`. Either is packed once into the cache folder. UsageError if `folder` does
    not exist; DevalError if the archive is not the original or the cache cannot be written.
    """
    found = find_any(folder, spec.files[0])
    if found is not None:
        return _dataset(spec, "archive", identity(*found), lambda: read_archive(spec, *found))
    if folder is not None:
        if not folder.is_dir():
            raise UsageError(
                "data folder",
                received=f"{folder}, which is not a folder",
                expected=f"the folder that holds {spec.files[0].path}",
                advice="leave out --data-dir and DEVAL_DATA to draw dSprites",
            )
        _LOG.info("no dSprites archive in %s: using drawn images", folder)
    return _dataset(spec, "drawn", f"drawing {DRAWING_VERSION}", _draw)


def read_archive(spec: DatasetSpec, path: Path, form: DataFile) -> Iterator[np.ndarray]:
    """The images of the original archive in index order, in blocks of (n, pixels / 8) uint8, eight pixels per byte.

    Only the images are read and nothing is unpickled. DevalError if the file is not the original one.
    """
    _LOG.info("reading %s, once", path)
    check(path, form)
    read = read_blocks if path.suffix == ".npz" else read_hdf5_blocks
    for images in read(path, "imgs", (spec.images, IMAGE.height, IMAGE.width), _IMAGES_AT_ONCE):
        yield np.packbits(images.reshape(len(images), -1), axis=1)


def _dataset(spec: DatasetSpec, origin: str, key: str, make: Callable[[], Iterable[np.ndarray]]) -> ImageDataset:
    name = f"{spec.name}@{origin}"
    packed, sha256 = cached_array(cache_folder() / f"{name}.bits", key, make)
    return ImageDataset(name, sha256, BitImages(torch.from_numpy(packed), IMAGE), FactorSpace.parse(spec.factors))


def _draw() -> Iterable[np.ndarray]:
    _LOG.info("drawing dSprites, once")
    return counted(draw_all(), "drawing dSprites, images", len(FACTORS), len)
