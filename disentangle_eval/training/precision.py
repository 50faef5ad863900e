"""The arithmetic of the networks in training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map

from disentangle_eval.errors import UsageError

Precision = Literal["float32", "tf32", "bf16"]

WITHOUT_BF16 = {"DEFAULT", "AVX2"}


def set_precision(model: nn.Module, precision: Precision, device: torch.device) -> None:
    """Let the networks of a model compute in `precision` in training; `UsageError` for `tf32` without CUDA.

    `bf16` is torch's autocast inside each network, whose outputs come back as float32: losses, weights, gradients and
    optimisers never leave float32. `tf32` is a setting of the process, which `rounded_products` has while training
    computes.
    """
    if precision == "tf32" and device.type != "cuda":
        raise UsageError(
            "--precision", received="'tf32' on the CPU, which has no such arithmetic", expected="float32 or bf16"
        )
    if precision == "bf16":
        for module in model.modules():
            if module is not model:
                module.forward = _in_bf16(module, device.type)


@contextmanager
def rounded_products(precision: Precision) -> Iterator[None]:
    """Within, `tf32` rounds the factors of CUDA's products to ten bits; other precisions change nothing here.

    Afterwards products are as before, since scores of snapshots and validation are computed in the same process.
    """
    if precision != "tf32":
        yield
        return
    products, convolutions = torch.backends.cuda.matmul, torch.backends.cudnn
    before = products.allow_tf32, convolutions.allow_tf32
    products.allow_tf32 = convolutions.allow_tf32 = True
    try:
        yield
    finally:
        products.allow_tf32, convolutions.allow_tf32 = before


def casts_once(device: torch.device) -> AbstractContextManager[Any]:
    """In here a weight is rounded to bf16 once, however often its network is called; it must not change meanwhile.

    Those of transposed convolutions on a CPU, and weights that a layer computes or reshapes before it multiplies, are
    rounded at each call. torch.autocast forgets what it rounded when its outermost context ends, so this is one that
    does nothing else.
    """
    return torch.autocast(device.type, enabled=False)


def is_emulated(precision: Precision, device: torch.device) -> bool:
    """Whether PyTorch has to compute in float32 and round: bf16 on an x86 CPU without AVX-512, ten times as slow."""
    return precision == "bf16" and device.type == "cpu" and torch.backends.cpu.get_cpu_capability() in WITHOUT_BF16


def _in_bf16(module: nn.Module, device_type: str) -> Callable[..., Any]:
    """The module's forward under autocast; inside another such module, and in eval mode, as it was."""
    plain = module.forward

    def forward(*args: Any, **kwargs: Any) -> Any:
        if not module.training or torch.is_autocast_enabled(device_type):
            return plain(*args, **kwargs)
        # Without gradients nothing is kept: what was rounded then would have none for a later call either.
        with torch.autocast(device_type, torch.bfloat16, cache_enabled=torch.is_grad_enabled()):
            outputs = plain(*args, **kwargs)
        return tree_map(_widened, outputs)

    return forward


def _widened(value: Any) -> Any:
    return value.float() if isinstance(value, Tensor) and value.dtype == torch.bfloat16 else value
