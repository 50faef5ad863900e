"""How many iterations per second, in which memory, and how soon the first? Variants are timed in turn."""

from __future__ import annotations

import functools
import gc
import math
import shutil
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import torch
from torch import nn
from torch._functorch import config as functorch_config

from disentangle_eval.errors import DevalError
from disentangle_eval.training import capture
from disentangle_eval.training.precision import Precision
from disentangle_eval.training.run import Watchers
from gpu_tasks.cases import CASES, Bench, Case
from gpu_tasks.slices import Line, Task

TARGETS = ("beta-vae", "factorvae", "ibgan")
MANY = 10
REPEATS = 5
# Iterations played before a stretch is timed, and how long a stretch should take.
WARM, SECONDS = 64, 1.0


@dataclass(frozen=True)
class Variant:
    """A way to train: `stretch` iterations a recording, whether cuDNN takes only repeatable kernels, and whether
    torch.compile makes kernels of the networks.
    """

    name: str
    captured: bool = True
    seeds: int = 1
    precision: Precision = "float32"
    stretch: int = capture.STRETCH
    repeatable: bool = True
    compiled: bool = False


def first(bench: Bench) -> Iterator[Task]:
    """One seed of each target in float32."""
    for name in TARGETS:
        yield _modes(bench, name, Variant("", seeds=1))


def rest(bench: Bench) -> Iterator[Task]:
    """More seeds, how many iterations a recording should hold, other arithmetic, other models."""
    many = 2 if bench.tiny else MANY
    for name in TARGETS:
        yield _modes(bench, name, Variant("", seeds=many))
    for name in TARGETS:
        stretches = [Variant(f"stretch {length}", stretch=length) for length in (1, 8, 32)]
        yield _task(bench, f"stretch/{name}", name, stretches)
    for name in TARGETS:
        kernels = [Variant("repeatable kernels"), Variant("any kernels", repeatable=False)]
        yield _task(bench, f"kernels/{name}", name, kernels)
    for name in TARGETS:
        # The CPU's stand-in for CUDA graphs cannot look into compiled code.
        captured = bench.device.type == "cuda"
        networks = [Variant("as written", captured=captured), Variant("compiled", captured=captured, compiled=True)]
        yield _task(bench, f"compiled/{name}", name, networks)
    for precision in get_args(Precision)[1:]:
        for seeds in (1, many):
            for name in TARGETS:
                yield _modes(bench, name, Variant("", seeds=seeds, precision=precision))
    for name in CASES:
        if name not in TARGETS:
            yield _modes(bench, name, Variant(""))


def _modes(bench: Bench, name: str, plain: Variant) -> Task:
    variants = [replace(plain, name="eager", captured=False), replace(plain, name="captured")]
    return _task(bench, f"throughput/{name}/{plain.seeds}/{plain.precision}", name, variants)


def _task(bench: Bench, label: str, model: str, variants: Sequence[Variant]) -> Task:
    seeds = max(variant.seeds for variant in variants)
    compiling = 90.0 if any(variant.compiled for variant in variants) else 0.0
    return Task(label, 25.0 + 4 * seeds + compiling, functools.partial(measure, bench, CASES[model], variants))


class Lanes:
    """Runs of a variant in turn, on CUDA each on a stream that it keeps, as `take_turns` plays them."""

    def __init__(self, bench: Bench, case: Case, variant: Variant, folder: Path) -> None:
        self.device = bench.device
        self.variant = variant
        self.notes: list[str] = []
        before = _memory(self.device)
        before["peak"] = torch.cuda.memory_allocated(self.device) if before else 0
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
        start = time.perf_counter()
        self.runs = [
            bench.run(case, folder / str(seed), seed=seed, captured=variant.captured, precision=variant.precision)
            for seed in range(variant.seeds)
        ]
        for run in self.runs:
            run.start({})
            if variant.compiled:
                _compile(run.training.model)
        self.trainings = [run.in_turns(Watchers(on_notice=(self.notes.append,))) for run in self.runs]
        self.streams = [torch.cuda.Stream(self.device) if self.device.type == "cuda" else None for _ in self.runs]
        synchronise(self.device)
        self.play(1)
        self.seconds_to_first = time.perf_counter() - start
        self.play(WARM if variant.captured and not bench.tiny else 8)
        self.memory = {name: value - before.get(name, 0) for name, value in _memory(self.device).items()}

    def play(self, iterations: int) -> float:
        """Train every run by at least so many iterations more; returns the seconds per iteration of all of them."""
        capture.STRETCH = self.variant.stretch
        torch.backends.cudnn.deterministic = self.variant.repeatable
        torch.backends.cudnn.benchmark = not self.variant.repeatable
        target = self.runs[0].iteration + iterations
        before = self.runs[0].iteration
        synchronise(self.device)
        start = time.perf_counter()
        while self.runs[-1].iteration < target:
            for training, stream in zip(self.trainings, self.streams, strict=True):
                with on(stream):
                    next(training)
        synchronise(self.device)
        return (time.perf_counter() - start) / (self.runs[-1].iteration - before)


def _compile(model: nn.Module) -> None:
    """Let torch.compile make kernels of each network of a model."""
    # What earlier tasks compiled counts against a limit, beyond which nothing is compiled any more.
    torch.compiler.reset()
    # Gradients of several players are taken through one graph.
    functorch_config.donated_buffer = False
    for network in model.children():
        network.compile()


def measure(bench: Bench, case: Case, variants: Sequence[Variant]) -> Iterator[Line]:
    """A line a variant: medians and quartiles over stretches that take turns."""
    folder = bench.work / "throughput"
    shutil.rmtree(folder, ignore_errors=True)
    stretch = capture.STRETCH
    try:
        # What earlier tasks recorded keeps its memory until it is collected, and streams keep what cuBLAS works in.
        gc.collect()
        if bench.device.type == "cuda":
            torch._C._cuda_clearCublasWorkspaces()
        lanes = [Lanes(bench, case, variant, folder / variant.name) for variant in variants]
        counts = [_iterations(one, bench.tiny) for one in lanes]
        times: list[list[float]] = [[] for _ in lanes]
        for _ in range(2 if bench.tiny else REPEATS):
            for one, count, kept in zip(lanes, counts, times, strict=True):
                kept.append(one.play(count))
    except DevalError as reason:  # tf32 on a CPU
        yield {"model": case.model, "skipped": str(reason)}
        return
    finally:
        capture.STRETCH = stretch
        shutil.rmtree(folder, ignore_errors=True)
    for one, count, kept in zip(lanes, counts, times, strict=True):
        yield _line(bench, case, one, count, kept)


def _line(bench: Bench, case: Case, lanes: Lanes, count: int, times: list[float]) -> Line:
    variant = lanes.variant
    middle = statistics.median(times)
    return {
        "model": case.model,
        "data": bench.data(case).name,
        "tiny": bench.tiny,
        "variant": variant.name,
        "seeds": variant.seeds,
        "precision": variant.precision,
        "stretch": variant.stretch if variant.captured else None,
        "repeatable_kernels": variant.repeatable,
        "compiled": variant.compiled,
        "batch": lanes.runs[0].training.cfg.batch_size,
        "iterations_per_second": round(1 / middle, 2),
        "seed_iterations_per_second": round(variant.seeds / middle, 2),
        **spread(times, count),
        "seconds_to_first_iteration": round(lanes.seconds_to_first, 3),
        "memory_mib": {name: round(value / 2**20, 1) for name, value in lanes.memory.items()},
        "fallback": sorted(set(lanes.notes)),
    }


def spread(times: Sequence[float], count: int) -> Line:
    """Median and quartiles of an iteration's seconds, over repeats of so many iterations."""
    low, middle, high = statistics.quantiles(times, n=4)
    return {
        "milliseconds": {"median": 1e3 * middle, "lower_quartile": 1e3 * low, "upper_quartile": 1e3 * high},
        "repeats": len(times),
        "iterations_a_repeat": count,
    }


def _iterations(lanes: Lanes, tiny: bool) -> int:
    """Iterations of a stretch, a multiple of every length of a recording."""
    if tiny:
        return 32
    return 32 * max(1, math.ceil(SECONDS / lanes.play(WARM) / 32))


def _memory(device: torch.device) -> dict[str, int]:
    """Bytes on the device: most in tensors since the peak was reset, and what torch and recordings hold now."""
    if device.type != "cuda":
        return {}
    torch.cuda.synchronize(device)
    peak = torch.cuda.max_memory_allocated(device)
    torch.cuda.empty_cache()
    return {"peak": peak, "held": torch.cuda.memory_reserved(device)}


def synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def on(stream: torch.cuda.Stream | None) -> AbstractContextManager[object]:
    return nullcontext() if stream is None else torch.cuda.stream(stream)
