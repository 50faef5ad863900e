"""The indices of the next batches on the device, handed out without the host's help."""

from __future__ import annotations

import torch
from torch import Tensor

from disentangle_eval.train.sampler import EpochSampler


class BatchQueue:
    """A sampler's next batches in one buffer with a cursor, both on the device.

    A recorded iteration takes batches from the buffer by itself. The host, which cannot see the cursor, counts along
    and refills before they run out; what is handed out is what the sampler alone would hand out.
    """

    def __init__(self, sampler: EpochSampler, capacity: int) -> None:
        self.sampler = sampler
        self.buffer = torch.zeros((capacity, sampler.batch), dtype=torch.int64, device=sampler.device)
        self.cursor = torch.zeros(1, dtype=torch.int64, device=sampler.device)
        self._left = 0

    def next(self) -> Tensor:
        """(batch,) int64 on the device; RuntimeError where none is left of those reserved."""
        if not self._left:
            raise RuntimeError(f"more than {len(self.buffer)} batches in one recording")
        index = self.buffer.index_select(0, self.cursor).squeeze(0)
        self.cursor.add_(1)
        self.count(1)
        return index

    def reserve(self, batches: int) -> None:
        """See that at least so many are there to be taken."""
        if self._left < batches:
            self.buffer.copy_(self.sampler.ahead(len(self.buffer)))
            self.cursor.zero_()
            self._left = len(self.buffer)

    def count(self, batches: int) -> None:
        """Note that so many were taken."""
        self._left -= batches
        self.sampler.drawn += batches

    def go_back(self, drawn: int) -> None:
        """Hand out from batch number `drawn` on once more."""
        self.sampler.drawn = drawn
        self._left = 0
