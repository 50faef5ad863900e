"""Which device a run computes on, and how a model is laid out there."""

from __future__ import annotations

import os
import re
from typing import TypeVar

import torch
from torch import nn

from disentangle_eval.errors import UsageError
from disentangle_eval.runtime.convolutions import rearrange
from disentangle_eval.runtime.flattening import keep_layout
from disentangle_eval.runtime.processor import Products, default_products, processor
from disentangle_eval.runtime.products import use_onednn

ModuleT = TypeVar("ModuleT", bound=nn.Module)


def choose_device(name: str) -> torch.device:
    """`auto` is CUDA if there is a GPU, else the CPU; `UsageError` for a device that is not there or cannot train."""
    present = torch.cuda.is_available()
    if name == "mps":
        raise UsageError(
            "--device",
            received="'mps', which has no float64, in which logs are summed",
            expected="auto, cpu, cuda or cuda:N",
            advice="use --device cpu",
        )
    if name.startswith("cuda") and not present:
        built = f"built for CUDA {torch.version.cuda}" if torch.version.cuda else "a CPU build"
        raise UsageError(
            "--device",
            received=f"{name!r}, but this torch ({torch.__version__}, {built}) sees no CUDA device",
            advice="use --device cpu",
        )
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", name):
        raise UsageError("--device", received=repr(name), expected="auto, cpu, cuda or cuda:N")
    index = name.partition(":")[2]
    if index and int(index) >= torch.cuda.device_count():
        raise UsageError("--device", received=repr(name), expected=f"cuda:N with N below {torch.cuda.device_count()}")
    if name == "auto":
        return torch.device("cuda" if present else "cpu")
    return torch.device(name)


def place(model: ModuleT, device: torch.device, products: Products | None = None) -> ModuleT:
    """The model on a device, laid out channels last, in which convolutions run faster; on a CPU rearranged, too.

    `products` names the library of matrix products of fully connected layers on a CPU; None means the one for this CPU.
    """
    model.to(device)
    if device.type == "cpu":
        rearrange(model)
        keep_layout(model)
        if (products or default_products()) == "onednn":
            use_onednn(model)
    return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def use_exact_kernels(device: torch.device) -> None:
    """Let CUDA's libraries compute float32 in float32, and add in the same order each time.

    By default PyTorch lets convolutions round to TF32's ten bits. Call this before the first product: cuBLAS reads its
    setting once.
    """
    if device.type == "cuda":
        if device.index is not None:
            torch.cuda.set_device(device)  # graphs and streams are of the current one
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False


def describe_device(device: torch.device) -> str:
    """The hardware's own name, for records; for a CPU with its threads and cores."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    return f"{processor().name}, {torch.get_num_threads()} of {os.cpu_count()} cores"
