"""The process's global generators: torch's (on the CPU and on CUDA), numpy's and Python's."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class GlobalState:
    """What the generators hold; `cuda` has those of torch on each device in use."""

    torch: Tensor
    cuda: tuple[Tensor, ...]
    numpy: dict[str, Any]
    python: tuple[Any, ...]

    @staticmethod
    def now() -> GlobalState:
        cuda = tuple(torch.cuda.get_rng_state_all()) if torch.cuda.is_initialized() else ()
        return GlobalState(torch.get_rng_state(), cuda, np.random.get_state(legacy=False), random.getstate())

    def restore(self) -> None:
        torch.set_rng_state(self.torch)
        if self.cuda:
            torch.cuda.set_rng_state_all(list(self.cuda))
        np.random.set_state(self.numpy)
        random.setstate(self.python)

    def moved(self) -> list[str]:
        """Which generators no longer hold this."""
        now = GlobalState.now()
        same = {
            "torch's global generator": torch.equal(self.torch, now.torch)
            and all(map(torch.equal, self.cuda, now.cuda)),
            "numpy's global generator": _same_numpy(self.numpy, now.numpy),
            "Python's global generator": self.python == now.python,
        }
        return [name for name, unmoved in same.items() if not unmoved]


@contextmanager
def borrowed_globals(seed: int) -> Iterator[GlobalState]:
    """The global generators at a known state, given back afterwards as they were."""
    before = GlobalState.now()
    try:
        torch.default_generator.manual_seed(seed)
        np.random.seed(seed)
        random.seed(seed)
        yield GlobalState.now()
    finally:
        before.restore()


def _same_numpy(a: Any, b: Any) -> bool:
    """Whether two states are equal, including the second of two normal numbers, which numpy draws with the first."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same_numpy(value, b[name]) for name, value in a.items())
    return np.array_equal(a, b)
