"""The order of the training images: a new shuffle per epoch, its remainder dropped."""

from __future__ import annotations

import torch
from torch import Tensor

from disentangle_eval.api import TrainingPart
from disentangle_eval.errors import UsageError
from disentangle_eval.runtime.draws import stream_seed
from disentangle_eval.training.shuffle import LazyShuffle

# The order of a larger set, 8 bytes per image, is never held whole.
HELD_WHOLE = 2**26
PIECE = 2**16


class EpochSampler:
    """Batches of indices into a set of `n` images, without replacement within an epoch, or as a `part` orders them.

    The whole state is `drawn`, the number of batches handed out: epoch e's order follows from (seed, e) alone.
    """

    def __init__(self, n: int, batch: int, seed: int, device: torch.device, part: TrainingPart | None = None) -> None:
        if batch > n:
            raise UsageError("batch_size", received=batch, expected=f"at most the {n} images of the data set")
        self.n = n
        self.batch = batch
        self.seed = seed
        self.device = device
        self.part = part
        self.drawn = 0
        self._batches_in_piece = n // batch if part is not None or n <= HELD_WHOLE else -(-PIECE // batch)
        self._held = (-1, -1)
        self._batches = torch.empty(0, dtype=torch.int64)

    def next(self) -> Tensor:
        """(batch,) int64 on the device."""
        index = self.peek()
        self.drawn += 1
        return index

    def peek(self) -> Tensor:
        """What `next` will return."""
        return self._from(self.drawn)[0]

    def ahead(self, count: int) -> Tensor:
        """What `next` will return the next `count` times, (count, batch)."""
        runs: list[Tensor] = []
        number, end = self.drawn, self.drawn + count
        while number < end:
            runs.append(self._from(number)[: end - number])
            number += len(runs[-1])
        return torch.cat(runs)

    def _from(self, number: int) -> Tensor:
        """(n, batch): the batch of a number, and those after it as far as its piece of an order goes."""
        epoch, place = divmod(number, self.n // self.batch)
        piece, position = divmod(place, self._batches_in_piece)
        if (epoch, piece) != self._held:
            order = self._ordered(epoch, piece)
            whole = len(order) // self.batch
            self._batches = order[: whole * self.batch].view(whole, self.batch).to(self.device)
            self._held = (epoch, piece)
        return self._batches[position:]

    def _ordered(self, epoch: int, piece: int) -> Tensor:
        """A piece of an epoch's order, on the CPU."""
        generator = torch.Generator().manual_seed(stream_seed(self.seed, "epoch", epoch))
        if self.part is not None:
            return self.part.order(generator)
        if self.n <= HELD_WHOLE:
            return torch.randperm(self.n, generator=generator)
        length = self._batches_in_piece * self.batch
        return LazyShuffle(self.n, generator)(torch.arange(piece * length, min((piece + 1) * length, self.n)))
