"""Subnormal numbers, in float32 those below 1.2e-38: kept, or taken as zero.

Late in the training of a decoder whose images have a plain background most gradients are that small, and a CPU computes
with them up to ten times as slowly as with other numbers.
"""

from __future__ import annotations

import ctypes
import functools
import threading
from pathlib import Path
from typing import Literal

import torch

Subnormals = Literal["kept", "zero"]

SUBNORMAL = 1e-39

# Elements per thread: PyTorch leaves fewer to one thread alone.
SHARE = 2**17

# Of its argument, from OpenMP 5.0: give back all threads.
_HARD = 2

_of_thread = threading.local()


def set_subnormals(subnormals: Subnormals) -> None:
    """Let this thread, and those that compute for it, keep subnormal numbers or take them as zero."""
    if getattr(_of_thread, "subnormals", "kept") == subnormals:
        return
    torch.set_flush_denormal(subnormals == "zero")
    _renew_workers()
    _of_thread.subnormals = subnormals


def subnormals_on(device: str, threads: int) -> Subnormals:
    """What training takes by default: `zero` on a CPU where so many threads can, `kept` elsewhere."""
    return "zero" if device == "cpu" and can_take_zero(threads) else "kept"


@functools.cache
def can_take_zero(threads: int) -> bool:
    """Whether so many threads of the CPU can take subnormal numbers as zero, which is tried."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        set_subnormals("zero")
        product = torch.full((threads * SHARE,), SUBNORMAL) * 1
        # A number taken as zero also compares as zero, so its bits are read.
        return not product.view(torch.int32).any()
    finally:
        set_subnormals("kept")
        torch.set_num_threads(before)


def _renew_workers() -> None:
    """End the threads that compute for this one. The next ones take over how this one computes, as these did."""
    for library in _openmp():
        library.omp_pause_resource_all(_HARD)


@functools.cache
def _openmp() -> tuple[ctypes.CDLL, ...]:
    """GNU's OpenMP libraries of this process, on Linux; others end the threads of all of a program's threads."""
    maps = Path("/proc/self/maps")
    if not maps.exists():
        return ()
    paths = {Path(line.split()[-1]) for line in maps.read_text(encoding="utf-8", errors="replace").splitlines()}
    libraries = [ctypes.CDLL(str(path)) for path in sorted(paths) if path.name.startswith("libgomp")]
    return tuple(library for library in libraries if hasattr(library, "omp_pause_resource_all"))
