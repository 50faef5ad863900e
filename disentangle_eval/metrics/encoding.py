"""Running a model over many images to judge it: evaluation mode, no gradients, large batches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from disentangle_eval.api import Dataset

# On a CPU a batch that stays in the cache is twice as fast as one of 1024.
CPU_BATCH = 256
ACCELERATOR_BATCH = 4096


@contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """Evaluation mode without gradients; afterwards every module is back in the mode it was in."""
    training = [module for module in model.modules() if module.training] if isinstance(model, nn.Module) else []
    try:
        for module in training:
            module.training = False
        with torch.inference_mode():
            yield
    finally:
        for module in training:
            module.training = True


def image_batches(
    model: Any, data: Dataset, index: np.ndarray, batch_size: int | None = None
) -> Iterator[tuple[np.ndarray, Tensor]]:
    """The images of `index` (n,) in order, as pairs of indices (B,) and images (B, C, H, W) on the model's device.

    `batch_size` fits the device unless it is given.
    """
    device = _device(model)
    if batch_size is None:
        batch_size = CPU_BATCH if device.type == "cpu" else ACCELERATOR_BATCH
    for start in range(0, len(index), batch_size):
        batch = index[start : start + batch_size]
        yield batch, data.images(torch.from_numpy(batch).to(device))


def _device(model: Any) -> torch.device:
    parameters = model.parameters() if isinstance(model, nn.Module) else iter(())
    return next((parameter.device for parameter in parameters), torch.device("cpu"))
