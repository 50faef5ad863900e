"""New estimates of batch statistics on given images."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from disentangle_eval.api import Encoder


def calibrate_batch_statistics(model: nn.Module, batches: Iterable[Tensor]) -> int:
    """Re-estimate the running statistics of all batch normalisation that `model.encode` passes; how many layers it is.

    `batches` are images (B, C, H, W) in [0, 1] on the model's device, such as clean real ones. The new mean and
    variance of a layer are plain averages over batches, in each of which every layer normalises by the batch itself.
    Layers that `encode` does not pass keep their statistics, and every module keeps its mode. A model trained under
    instance noise, or whose running statistics lag behind its weights, encodes clean images by the wrong statistics
    without this. ValueError where there are no batches.
    """
    if not isinstance(model, Encoder):
        raise TypeError(f"{type(model).__name__} has no `encode`, so it has no statistics to estimate on images")
    layers = [m for m in model.modules() if isinstance(m, _BatchNorm) and m.track_running_stats]
    before = [(layer, layer.momentum, _statistics(layer)) for layer in layers]
    modes = {module: module.training for module in model.modules()}
    passed: set[nn.Module] = set()
    handles = [layer.register_forward_pre_hook(_noting(passed)) for layer in layers]
    seen = 0
    try:
        model.eval()
        for layer in layers:
            layer.reset_running_stats()
            layer.momentum = None
            layer.training = True
        with torch.no_grad():
            for images in batches:
                model.encode(images)
                seen += 1
    finally:
        for handle in handles:
            handle.remove()
        for module, training in modes.items():
            module.training = training
        for layer, momentum, statistics in before:
            layer.momentum = momentum
            if layer not in passed or not seen:
                layer.load_state_dict(statistics, strict=False)
    if not seen:
        raise ValueError("batches: received none, expected at least one batch of images")
    return len(passed)


def _statistics(layer: _BatchNorm) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in layer.named_buffers()}


def _noting(passed: set[nn.Module]) -> Callable[[nn.Module, Any], None]:
    def note(module: nn.Module, _: Any) -> None:
        passed.add(module)

    return note
