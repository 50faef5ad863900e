"""The indices of the next batches, on the device."""

from __future__ import annotations

import torch
from torch import Tensor

from disentangle_eval.training.sampler import EpochSampler


class BatchQueue:
    """A sampler's next batches in one buffer with a cursor, both on the device.

    A captured iteration takes batches from the buffer without the host, which cannot see the cursor: it counts too and
    refills the buffer before it is empty. The batches and their order are those of the sampler alone.
    """

    def __init__(self, sampler: EpochSampler, capacity: int) -> None:
        self.sampler = sampler
        self.buffer = torch.zeros((capacity, sampler.batch), dtype=torch.int64, device=sampler.device)
        self.cursor = torch.zeros(1, dtype=torch.int64, device=sampler.device)
        self._left = 0

    def next(self) -> Tensor:
        """(batch,) int64 on the device; `RuntimeError` where none of those reserved is left."""
        if not self._left:
            raise RuntimeError(f"more than {len(self.buffer)} batches in one capture")
        index = self.buffer.index_select(0, self.cursor).squeeze(0)
        self.cursor.add_(1)
        self.count(1)
        return index

    def reserve(self, batches: int) -> None:
        """Refill the buffer unless it holds at least so many batches."""
        if self._left < batches:
            self.buffer.copy_(self.sampler.ahead(len(self.buffer)))
            self.cursor.zero_()
            self._left = len(self.buffer)

    def count(self, batches: int) -> None:
        """Count batches that a replay took."""
        self._left -= batches
        self.sampler.drawn += batches

    def go_back(self, drawn: int) -> None:
        """Continue from batch number `drawn`."""
        self.sampler.drawn = drawn
        self._left = 0
