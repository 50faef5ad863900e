"""Means of the logged terms over a window of iterations, kept on the device until a tick."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class Window:
    """Sums of the terms since the last tick, in float64, with the count of each."""

    def __init__(self) -> None:
        self.sums: dict[str, Tensor] = {}
        self.counts: dict[str, int] = {}

    def add(self, record: dict[str, Tensor]) -> None:
        for name, value in record.items():
            if name in self.sums:
                self.sums[name] += value
            else:
                self.sums[name] = value.to(torch.float64, copy=True)
            self.counts[name] = self.counts.get(name, 0) + 1

    def means(self) -> dict[str, float | list[float]]:
        """The mean of each term, read to the host; the window starts anew."""
        means: dict[str, float | list[float]] = {
            name: (total / self.counts[name]).tolist() for name, total in self.sums.items()
        }
        self.sums.clear()
        self.counts.clear()
        return means

    def state(self) -> dict[str, Any]:
        return {"sums": dict(self.sums), "counts": dict(self.counts)}

    def restore(self, state: dict[str, Any], device: torch.device) -> None:
        self.sums = {name: value.to(device) for name, value in state["sums"].items()}
        self.counts = dict(state["counts"])
