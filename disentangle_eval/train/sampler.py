"""Which images come next: every epoch a fresh shuffle, its remainder dropped."""

from __future__ import annotations

import torch
from torch import Tensor

from disentangle_eval.draws import stream_seed
from disentangle_eval.errors import UsageError


class EpochSampler:
    """Batches of indices into a set of `n` images, without replacement within an epoch.

    The whole state is `drawn`, the number of batches handed out: epoch e's order follows from (seed, e) alone.
    """

    def __init__(self, n: int, batch: int, seed: int, device: torch.device) -> None:
        if batch > n:
            raise UsageError(f"batch_size: received {batch}, expected at most the {n} images of the data set")
        self.n = n
        self.batch = batch
        self.seed = seed
        self.device = device
        self.drawn = 0
        self._epoch = -1
        self._order = torch.empty(0, dtype=torch.int64)

    def next(self) -> Tensor:
        """(batch,) int64 on the device."""
        epoch, position = divmod(self.drawn, self.n // self.batch)
        if epoch != self._epoch:
            generator = torch.Generator().manual_seed(stream_seed(self.seed, "epoch", epoch))
            self._order = torch.randperm(self.n, generator=generator).to(self.device)
            self._epoch = epoch
        self.drawn += 1
        return self._order[position * self.batch : (position + 1) * self.batch]
