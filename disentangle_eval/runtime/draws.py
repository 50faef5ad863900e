"""Randomness from a generator of one's own, so that nothing depends on the process's global state."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor


def stream_seed(seed: int, *purpose: str | int) -> int:
    """A 63-bit seed for one purpose of a run, so that its streams of random numbers are unrelated."""
    text = "/".join(str(part) for part in (seed, *purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


@contextmanager
def seeded_construction(seed: int, *purpose: str | int) -> Iterator[None]:
    """Within, modules draw their first weights from a stream; the global generator is afterwards as it was."""
    import torch

    with torch.random.fork_rng(devices=[]):
        # Not torch.manual_seed, which would reseed CUDA's global generators too.
        torch.default_generator.manual_seed(stream_seed(seed, *purpose))
        yield


class GeneratorDraw:
    """`disentangle_eval.api.Draw` on a device, from a seed."""

    def __init__(self, seed: int, device: torch.device | str = "cpu") -> None:
        import torch

        self.device = torch.device(device)
        self.generator = torch.Generator(self.device).manual_seed(seed)

    def normal(self, *shape: int) -> Tensor:
        import torch

        return torch.randn(shape, generator=self.generator, device=self.device)

    def uniform(self, *shape: int) -> Tensor:
        import torch

        return torch.rand(shape, generator=self.generator, device=self.device)

    def integers(self, high: int, *shape: int) -> Tensor:
        import torch

        return torch.randint(high, shape, generator=self.generator, device=self.device)

    def permutation(self, n: int, columns: int) -> Tensor:
        return self.uniform(n, columns).argsort(dim=0)
