"""Work on a device, recorded once and played again without Python."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import torch


class Graph(Protocol):
    """A recording of what some work did on the device."""

    def record(self, work: Callable[[], None]) -> None:
        """Remember what `work` does to the device; whether it also happens now is open."""

    def replay(self) -> None:
        """Do it again, on the same tensors."""


class CudaGraph:
    """A CUDA graph on the current stream, whose random numbers come from `generators` and go on at each replay.

    Graphs that are given one `pool` share the memory of their inner tensors: they may not run at the same time.
    """

    def __init__(self, pool: Any, *generators: torch.Generator) -> None:
        self._graph = torch.cuda.CUDAGraph()
        for generator in generators:
            self._graph.register_generator_state(generator)
        self._pool = pool

    def record(self, work: Callable[[], None]) -> None:
        with (
            without_collector(),
            torch.cuda.graph(self._graph, pool=self._pool, stream=torch.cuda.current_stream()),
        ):
            work()

    def replay(self) -> None:
        self._graph.replay()


class NewGraph(Protocol):
    """Makes a graph whose random numbers come from some generators."""

    def __call__(self, *generators: torch.Generator) -> Graph: ...


def cuda_graphs() -> NewGraph:
    """Makes the graphs of one run, which take turns."""
    pool = torch.cuda.graph_pool_handle()
    return lambda *generators: CudaGraph(pool, *generators)


@contextmanager
def without_collector() -> Iterator[None]:
    """Python's cyclic collector off: a graph that it freed during a recording would spoil the recording."""
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
