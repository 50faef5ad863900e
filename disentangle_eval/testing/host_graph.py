"""Capture and replay on the CPU, so that what CUDA graphs require of a model can be tested without CUDA."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


@dataclass(frozen=True)
class Operation:
    """An operator of torch as it was called: its arguments, and the tensors it made."""

    operator: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    made: tuple[Tensor | None, ...]

    def replay(self) -> None:
        again = self.operator(*self.args, **self.kwargs)
        for kept, value in zip(self.made, tree_leaves(again), strict=True):
            if kept is not None:
                kept.copy_(value)


class HostGraph:
    """`disentangle_eval.training.graph.Graph` on the CPU: the operators called, called again on the same tensors.

    As in a CUDA graph, whatever Python decided or computed stays as it was at capture: numbers, shapes, branches, and
    which tensors are used. Random numbers go on. Unlike a CUDA graph it also does the work while it captures.
    """

    def __init__(self, *generators: torch.Generator) -> None:
        self._operations: list[Operation] = []

    def capture(self, work: Callable[[], None]) -> None:
        with _Capturing(self._operations):
            work()

    @torch.no_grad()
    def replay(self) -> None:
        for operation in self._operations:
            operation.replay()


class _Capturing(TorchDispatchMode):
    def __init__(self, operations: list[Operation]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._operations = operations

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        given = set(_storages((args, kwargs)))
        leaves = tree_leaves(result)
        # A result in the storage of an argument is a view of it, or the argument itself, changed in place.
        made = tuple(
            leaf.detach() if isinstance(leaf, Tensor) and not given & set(_storages(leaf)) else None for leaf in leaves
        )
        if any(kept is not None for kept in made) or not getattr(func, "is_view", False):
            self._operations.append(Operation(func, args, kwargs or {}, made))
        return result


def _storages(tree: Any) -> Iterator[int]:
    """The address of every tensor's storage in a tree of arguments."""
    for leaf in tree_leaves(tree):
        if isinstance(leaf, Tensor) and leaf.layout == torch.strided:
            yield leaf.untyped_storage().data_ptr()
