"""In which arithmetic networks and losses are computed."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Literal, get_args

import torch

from disentangle_eval.errors import UsageError

Precision = Literal["float32", "tf32", "bf16"]

PRECISIONS: tuple[Precision, ...] = get_args(Precision)


def forward_in(precision: Precision, device: torch.device) -> AbstractContextManager[None]:
    """What losses are computed under: `bf16` is torch's autocast. Parameters, gradients and optimisers stay float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")


def set_precision(precision: Precision, device: torch.device) -> None:
    """Let CUDA's float32 products round their factors to TF32's ten bits, or not: `float32` means float32.

    PyTorch lets convolutions use TF32 unless told. `UsageError` for `tf32` on a device that has none.
    """
    if precision == "tf32" and device.type != "cuda":
        raise UsageError("--precision: received 'tf32' on the CPU, which has no such arithmetic; use float32 or bf16")
    if device.type == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        torch.backends.cudnn.allow_tf32 = precision == "tf32"
