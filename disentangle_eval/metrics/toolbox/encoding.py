"""Running a model over many images to judge it, in batches that fit the device."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from disentangle_eval.api import Dataset
from disentangle_eval.runtime.progress import counted

# On a CPU a batch that stays in the cache is nearly twice as fast as one of 1024.
CPU_BATCH = 128
ACCELERATOR_BATCH = 4096


def image_batches(
    model: Any, data: Dataset, index: np.ndarray, batch_size: int | None = None, what: str = "images"
) -> Iterator[tuple[np.ndarray, Tensor]]:
    """The images of `index` (n,) in order, as pairs of indices (B,) and images (B, C, H, W) on the model's device.

    `batch_size` fits the device unless it is given; `what` is the name of this stage in progress.
    """
    device = device_of(model)
    batch_size = batch_size or batch_size_on(device)
    parts = (index[start : start + batch_size] for start in range(0, len(index), batch_size))
    for batch in counted(parts, what, len(index), len):
        images = data.images(torch.from_numpy(batch).to(device))
        yield batch, images.contiguous(memory_format=torch.channels_last)


def seconds_of(call: Callable[[], object], device: torch.device) -> float:
    """Seconds that a call takes on a device the second time; the first prepares it."""
    seconds = 0.0
    for _ in range(2):
        start = time.perf_counter()
        call()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        seconds = time.perf_counter() - start
    return seconds


def batch_size_on(device: torch.device, cpu: int = CPU_BATCH, accelerator: int = ACCELERATOR_BATCH) -> int:
    """The batch size that fits a device: `cpu` on a CPU, `accelerator` elsewhere."""
    return cpu if device.type == "cpu" else accelerator


def device_of(model: Any) -> torch.device:
    """Where a model's weights are, or its buffers; the CPU for one that has neither."""
    tensors = itertools.chain(model.parameters(), model.buffers()) if isinstance(model, nn.Module) else iter(())
    return next((tensor.device for tensor in tensors), torch.device("cpu"))
