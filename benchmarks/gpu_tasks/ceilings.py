"""What the device can do at best: products, copies, and how fast a disk takes a line of a log for good."""

from __future__ import annotations

import functools
import os
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from gpu_tasks.cases import CASES, Bench
from gpu_tasks.slices import Line, Task


def tasks(bench: Bench) -> Iterator[Task]:
    yield Task("ceilings", 40.0, functools.partial(ceilings, bench))


def ceilings(bench: Bench) -> Iterator[Line]:
    """Rates of a product of square matrices in each arithmetic, of a copy, of a kernel in a graph, and of `fsync`."""
    start = time.perf_counter()
    data = bench.data(CASES["beta-vae"])
    opened = time.perf_counter() - start
    yield {
        "data": data.name,
        "seconds_to_open_data": round(opened, 2),
        "copy_bytes_per_second": _copy(bench),
        "flops": {name: _product(bench, name) for name in ("float32", "tf32", "bf16")},
        "kernel_in_graph_seconds": _kernel(bench),
        "fsync_seconds": _fsync(bench.work),
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
        "cpu_cores": os.cpu_count(),
    }


def _product(bench: Bench, precision: str) -> float | None:
    cuda = bench.device.type == "cuda"
    if precision == "tf32" and not cuda:
        return None
    side = 256 if bench.tiny else 8192
    a, b = (torch.rand(side, side, device=bench.device) - 0.5 for _ in range(2))
    if precision == "bf16":
        a, b = a.bfloat16(), b.bfloat16()
    if cuda:
        torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    seconds = _median(bench, lambda: torch.mm(a, b))
    if cuda:
        torch.backends.cuda.matmul.allow_tf32 = False
    return 2 * side**3 / seconds


def _copy(bench: Bench) -> float:
    """Bytes read and written."""
    source = torch.rand(2**16 if bench.tiny else 2**29, device=bench.device)
    target = torch.empty_like(source)
    return 2 * source.nbytes / _median(bench, lambda: target.copy_(source))


def _kernel(bench: Bench, kernels: int = 1000) -> float | None:
    """Seconds of a kernel on one number inside a CUDA graph, each waiting for the one before."""
    if bench.device.type != "cuda":
        return None
    number = torch.zeros(1, device=bench.device)
    number.add_(1)  # a kernel is loaded when it first runs, which a recording may not see
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(kernels):
            number.add_(1)
    return _median(bench, graph.replay) / kernels


def _fsync(folder: Path) -> float:
    folder.mkdir(parents=True, exist_ok=True)
    times = []
    with (folder / "fsync").open("w") as file:
        for _ in range(20):
            file.write("{}\n" * 20)
            file.flush()
            start = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - start)
    return statistics.median(times)


def _median(bench: Bench, work: Callable[[], object], repeats: int = 20) -> float:
    times = []
    for _ in range(repeats + 3):
        _synchronise(bench.device)
        start = time.perf_counter()
        work()
        _synchronise(bench.device)
        times.append(time.perf_counter() - start)
    return statistics.median(times[3:])


def _synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
