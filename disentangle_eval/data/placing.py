"""Where a set of images is kept: on the device that uses them, or in main memory."""

from __future__ import annotations

import logging
import os

import torch

from disentangle_eval.data.host_images import HostImages
from disentangle_eval.data.image_store import ImageStore, StoredImages
from disentangle_eval.errors import UsageError

_LOG = logging.getLogger("disentangle_eval")

SHARE = 0.5
GIB = 2**30


def place_images(store: StoredImages, device: torch.device, share: float | None = None) -> ImageStore:
    """A store for a device: all of it there if it takes at most a share of the free memory, else in main memory.

    The share is `DEVAL_DATA_SHARE`, else 0.5, unless given. UsageError where it is not between 0 and 1.
    """
    free = free_memory(device)
    if free is None:
        return store.onto(device)
    share = data_share() if share is None else share
    size = store.rows.nbytes
    fits = size <= share * free
    _LOG.info(
        "images: %.2f GiB, %s DEVAL_DATA_SHARE=%g of the %.2f GiB free on %s: %s",
        size / GIB,
        "within" if fits else "more than",
        share,
        free / GIB,
        device,
        "kept there" if fits else "kept in main memory, batches copied ahead",
    )
    return store.onto(device) if fits else HostImages(store, device)


def data_share() -> float:
    """The share of a device's free memory that a set of images may take."""
    text = os.environ.get("DEVAL_DATA_SHARE") or SHARE
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise UsageError(
            "DEVAL_DATA_SHARE",
            received=repr(text),
            expected="a number from 0 to 1, the share of a device's free memory that images may take",
            advice=f"unset it for {SHARE}",
        )
    return share


def free_memory(device: torch.device) -> int | None:
    """Bytes free on a device with memory of its own, None for any other."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else None
