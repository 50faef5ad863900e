"""dSprites: 737,280 images of three shapes in every scale, orientation and place (Matthey et al., 2017).

Read from the original archive where a user has it, drawn otherwise.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.files.cache import cached_array
from disentangle_eval.data.files.locations import cache_folder
from disentangle_eval.data.images import BitImages
from disentangle_eval.data.sets.dsprites.archive import archive_key, find_archive, read_archive
from disentangle_eval.data.sets.dsprites.drawing import DRAWING_VERSION, draw_all
from disentangle_eval.data.sets.dsprites.geometry import FACTORS, IMAGE

_LOG = logging.getLogger("disentangle_eval")


def load(folder: Path | None) -> ImageDataset:
    """dSprites, bit-packed in main memory: (1, 64, 64) images and the factors shape, scale, orientation, x, y.

    `folder` holds the original archive (or is that file); without one the images are drawn. The name says which:
    `dsprites@archive` or `dsprites@drawn`. Either is packed once into the cache folder. UsageError if `folder` does
    not exist; DevalError if the archive is not the original or the cache cannot be written.
    """
    archive = None if folder is None else find_archive(folder)
    if archive is None:
        if folder is not None:
            _LOG.info("no dSprites archive in %s: using drawn images", folder)
        return _dataset("dsprites@drawn", f"drawing {DRAWING_VERSION}", _draw)
    return _dataset("dsprites@archive", archive_key(archive), lambda: _read(archive))


def _dataset(name: str, key: str, make: Callable[[], np.ndarray]) -> ImageDataset:
    packed, sha256 = cached_array(cache_folder() / f"{name}.bits", key, make)
    return ImageDataset(name, sha256, BitImages(torch.from_numpy(packed), IMAGE), FACTORS)


def _draw() -> np.ndarray:
    _LOG.info("drawing dSprites once, about 5 s")
    return draw_all()


def _read(archive: Path) -> np.ndarray:
    _LOG.info("reading %s once, about 10 s", archive)
    return read_archive(archive)
