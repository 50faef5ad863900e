"""Means of the logged terms over a window of iterations, kept on the device until a tick."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor


class Window:
    """Sums of the terms since the last tick, in float64 on their device, and the number of values in each.

    A sum stays the same tensor over all windows, so that a captured iteration can go on adding to it.
    """

    def __init__(self) -> None:
        self.sums: dict[str, Tensor] = {}
        self.counts: dict[str, int] = {}

    def add(self, terms: dict[str, Tensor]) -> None:
        """Add the terms of one iteration."""
        self.accumulate(terms)
        self.count(terms)

    def accumulate(self, terms: dict[str, Tensor]) -> None:
        """The part of `add` that happens on the device."""
        for name, value in terms.items():
            if name not in self.sums:
                self.sums[name] = torch.zeros(value.shape, dtype=torch.float64, device=value.device)
            self.sums[name] += value

    def count(self, names: Iterable[str]) -> None:
        """The part of `add` that happens on the host."""
        for name in names:
            self.counts[name] = self.counts.get(name, 0) + 1

    def means(self) -> dict[str, float | list[float]]:
        """The mean of each term, read to the host; the window starts again."""
        means: dict[str, float | list[float]] = {
            name: (self.sums[name] / count).tolist() for name, count in self.counts.items()
        }
        for total in self.sums.values():
            total.zero_()
        self.counts.clear()
        return means

    def state(self) -> dict[str, Any]:
        return {"sums": {name: self.sums[name] for name in self.counts}, "counts": dict(self.counts)}

    def restore(self, state: dict[str, Any], device: torch.device) -> None:
        self.sums = {name: value.to(device, copy=True) for name, value in state["sums"].items()}
        self.counts = dict(state["counts"])
