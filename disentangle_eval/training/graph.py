"""Work on a device, captured once and replayed without Python."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import torch


class Graph(Protocol):
    """What some work did on a device."""

    def capture(self, work: Callable[[], None]) -> None:
        """Keep what `work` does on the device; whether it also happens now is open."""

    def replay(self) -> None:
        """Do it once more, on the same tensors."""


class CudaGraph:
    """A CUDA graph on the current stream, whose random numbers come from `generators` and go on at each replay.

    Graphs of one `pool` share the memory of their inner tensors and must not run at the same time.
    """

    def __init__(self, pool: Any, *generators: torch.Generator) -> None:
        self._graph = torch.cuda.CUDAGraph()
        for generator in generators:
            self._graph.register_generator_state(generator)
        self._pool = pool

    def capture(self, work: Callable[[], None]) -> None:
        with (
            without_collector(),
            torch.cuda.graph(self._graph, pool=self._pool, stream=torch.cuda.current_stream()),
        ):
            work()

    def replay(self) -> None:
        self._graph.replay()


class NewGraph(Protocol):
    """A function that makes an empty graph whose random numbers come from `generators`."""

    def __call__(self, *generators: torch.Generator) -> Graph: ...


def cuda_graphs() -> NewGraph:
    """A function that makes the graphs of one run, which run one at a time."""
    pool = torch.cuda.graph_pool_handle()
    return lambda *generators: CudaGraph(pool, *generators)


@contextmanager
def without_collector() -> Iterator[None]:
    """Turn Python's cyclic garbage collector off: freeing a graph during a capture would spoil the capture."""
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
