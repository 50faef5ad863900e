"""A data set from an array of images and what is known of them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable

import numpy as np
import torch

from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.image_store import ImageStore
from disentangle_eval.data.images import BitImages, ByteImages
from disentangle_eval.data.own.config import ArrayConfig
from disentangle_eval.data.own.known import Known
from disentangle_eval.data.own.pixels import Layout, gather, is_black_and_white, pack
from disentangle_eval.errors import UsageError


def dataset_of(name: str, layout: Layout, batches: Iterable[np.ndarray], count: int, known: Known) -> ImageDataset:
    """The images of the batches in the order of what is known of them, in memory: as bits where black and white.

    The checksum is that of the images in this order. Errors as for `gather`.
    """
    pixels = gather(layout, count, batches, known.order)
    store: ImageStore = ByteImages.of(pixels)
    # In images of whole numbers up to 1, that is white; as a level of 256 it would be all but black.
    whites = (255, 1) if layout.dtype == np.uint8 else (255,)
    if any(is_black_and_white(pixels, white=white) for white in whites):
        pixels = pack(pixels)
        store = BitImages(torch.from_numpy(pixels), layout.image)
    return ImageDataset(name, hashlib.sha256(pixels.data).hexdigest(), store, known.factors, known.labels)


def keys_in_file(cfg: ArrayConfig, there: Collection[str]) -> dict[str, str]:
    """The arrays to read, by what they are: `images`, and those of the others that are there.

    UsageError where one that was named is not.
    """
    names = {"images": cfg.images, "factors": cfg.factors, "labels": cfg.labels}
    missing = [key for what, key in names.items() if key not in there and key and _named(cfg, what)]
    if missing:
        received = ", ".join(sorted(there)) or "no arrays"
        raise UsageError("", received=received, expected=", ".join(missing), advice="name yours, as in images=KEY")
    if cfg.labels == cfg.factors and "labels" not in cfg.model_fields_set:
        del names["labels"]
    names |= {"factor_sizes": "factor_sizes", "factor_names": "factor_names"}
    return {what: key for what, key in names.items() if key in there}


def _named(cfg: ArrayConfig, what: str) -> bool:
    return what == "images" or what in cfg.model_fields_set
