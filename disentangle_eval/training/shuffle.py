"""The random order of a set too large to be held in memory."""

from __future__ import annotations

import math

import torch
from torch import Tensor

ROUNDS = 6


class LazyShuffle:
    """A random permutation of 0 .. n - 1, computed where it is needed in memory of ROUNDS * sqrt(n) numbers.

    A balanced Feistel network (Luby & Rackoff, 1988): a number is two digits to the base ceil(sqrt(n)), and each round
    adds to one digit a random function of the other, a table drawn from `generator`. That permutes all two-digit
    numbers; those that are n or more are sent through again.
    """

    def __init__(self, n: int, generator: torch.Generator) -> None:
        self.n = n
        self.base = math.isqrt(n - 1) + 1
        self.tables = torch.randint(self.base, (ROUNDS, self.base), generator=generator)

    def __call__(self, positions: Tensor) -> Tensor:
        """Positions (m,) in the order, int64 -> the numbers there, (m,) int64."""
        found = self._mix(positions)
        while bool((outside := found >= self.n).any()):
            found[outside] = self._mix(found[outside])
        return found

    def _mix(self, numbers: Tensor) -> Tensor:
        high, low = numbers // self.base, numbers % self.base
        for table in self.tables:
            high, low = low, (high + table[low]) % self.base
        return high * self.base + low
