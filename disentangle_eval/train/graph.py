"""Work on a device, recorded once and played again without Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import torch


class Graph(Protocol):
    """A recording of what some work did on the device."""

    def record(self, work: Callable[[], None]) -> None:
        """Remember what `work` does to the device; whether it also happens now is open."""

    def replay(self) -> None:
        """Do it again, on the same tensors."""


class CudaGraph:
    """A CUDA graph on the current stream, whose random numbers come from `generator` and go on at each replay.

    Graphs that are given one `pool` share the memory of their inner tensors: they may not run at the same time.
    """

    def __init__(self, generator: torch.Generator, pool: Any) -> None:
        self._graph = torch.cuda.CUDAGraph()
        self._graph.register_generator_state(generator)
        self._pool = pool

    def record(self, work: Callable[[], None]) -> None:
        with torch.cuda.graph(self._graph, pool=self._pool, stream=torch.cuda.current_stream()):
            work()

    def replay(self) -> None:
        self._graph.replay()


NewGraph = Callable[[torch.Generator], Graph]


def cuda_graphs() -> NewGraph:
    """Makes the graphs of one run, which take turns."""
    pool = torch.cuda.graph_pool_handle()
    return lambda generator: CudaGraph(generator, pool)
