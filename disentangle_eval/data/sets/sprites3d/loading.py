"""sprites3d, drawn once.

Rays are followed once for each of the 480 views; the 1,000 combinations of hues only multiply what they meet.
"""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

import numpy as np
import torch

from disentangle_eval import DatasetSpec
from disentangle_eval.data import FactorSpace, ImageDataset, cache_folder, cached_array
from disentangle_eval.data.sets.sprites3d import scene
from disentangle_eval.data.sets.sprites3d.rendering import RenderedImages, colour_combinations
from disentangle_eval.data.sets.sprites3d.tracing import trace_all

_LOG = logging.getLogger("disentangle_eval")


def load(spec: DatasetSpec, folder: Path | None) -> ImageDataset:
    """sprites3d: (3, 64, 64) images and the factors floor_hue, wall_hue, object_hue, scale, shape, orientation.

    The layers of all views, 7.5 MiB, are drawn once into the cache folder; an image is put together when it is asked
    for. Nothing is read from `folder`. DevalError if the cache cannot be written.
    """
    name = f"{spec.name}@drawn"
    layers, sha256 = cached_array(cache_folder() / f"{name}.layers", f"drawing {scene.VERSION}", _draw)
    colours = colour_combinations()
    checksum = hashlib.sha256(f"sprites3d {scene.VERSION} {sha256}".encode() + colours.tobytes()).hexdigest()
    store = RenderedImages(torch.from_numpy(layers), torch.from_numpy(colours).float(), scene.IMAGE)
    return ImageDataset(name, checksum, store, FactorSpace.parse(spec.factors))


def _draw() -> np.ndarray:
    _LOG.info("drawing sprites3d, once")
    return trace_all()
