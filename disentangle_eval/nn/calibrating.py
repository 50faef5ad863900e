"""New estimates of batch statistics on given images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from disentangle_eval.api import Encoder, Generator
from disentangle_eval.nn.freezing import Frozen
from disentangle_eval.runtime.draws import GeneratorDraw
from disentangle_eval.runtime.evaluating import evaluating


def calibrate_batch_statistics(model: nn.Module, batches: Iterable[Tensor]) -> int:
    """Re-estimate the running statistics of the batch normalisation that reads images; how many layers it is.

    These are the layers that `model.encode` passes and `model.generate`, where there is one, does not.

    `batches` are images (B, C, H, W) in [0, 1] on the model's device, such as clean real ones. The new mean and
    variance of a layer are plain averages over batches, in each of which every one of these layers normalises by the
    batch itself. All others keep their statistics: IB-GAN's e(r|z), which belongs to both, is fitted to samples of the
    prior, and a `Frozen` network to images of its own. Every module keeps its mode; where `encode` fails, every layer
    keeps its statistics, too. A model trained under instance noise, or whose running statistics lag behind its weights,
    encodes clean images by the wrong statistics without this. ValueError where there are no batches.
    """
    if not isinstance(model, Encoder):
        raise TypeError(f"{type(model).__name__} has no `encode`, so it has no statistics to estimate on images")
    frozen = {module for network in model.modules() if isinstance(network, Frozen) for module in network.modules()}
    tracking = [m for m in model.modules() if isinstance(m, _BatchNorm) and m.track_running_stats and m not in frozen]
    layers = _unused_in_generating(model, tracking)
    before = [(layer, layer.momentum, _statistics(layer)) for layer in layers]
    modes = {module: module.training for module in model.modules()}
    seen, passed, whole = 0, set[nn.Module](), False
    try:
        model.eval()
        for layer in layers:
            layer.reset_running_stats()
            layer.momentum = None
            layer.training = True
        with torch.no_grad(), _collecting(layers, passed):
            for images in batches:
                model.encode(images)
                seen += 1
        whole = seen > 0
    finally:
        for module, training in modes.items():
            module.training = training
        for layer, momentum, statistics in before:
            layer.momentum = momentum
            if layer not in passed or not whole:
                layer.load_state_dict(statistics, strict=False)
    if not whole:
        raise ValueError("batches: received none, expected at least one batch of images")
    return len(passed)


def _statistics(layer: _BatchNorm) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in layer.named_buffers()}


def _unused_in_generating(model: nn.Module, layers: list[_BatchNorm]) -> list[_BatchNorm]:
    """Those that an image drawn from the model's prior does not pass; all of a model that draws none."""
    if not isinstance(model, Generator):
        return layers
    device = next((tensor.device for tensor in model.state_dict().values()), torch.device("cpu"))
    passed: set[nn.Module] = set()
    with evaluating(model), _collecting(layers, passed):
        model.generate(model.prior.sample(GeneratorDraw(0, device), 1))
    return [layer for layer in layers if layer not in passed]


@contextmanager
def _collecting(layers: Iterable[nn.Module], passed: set[nn.Module]) -> Iterator[None]:
    """Within, every layer that computes is added to `passed`."""
    handles = [layer.register_forward_pre_hook(lambda layer, _: passed.add(layer)) for layer in layers]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
