"""Images that stay in main memory while a device uses them, the next batch being copied ahead."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from disentangle_eval.api import ImageShape
from disentangle_eval.data.image_store import ImageStore, StoredImages

Unpack = Callable[[Tensor], Tensor]


class Lane:
    """A place for one batch of rows, in main memory, filled by one thread and used by another in turn."""

    def __init__(self, row: torch.Size, batch: int, device: torch.device) -> None:
        self.staged = torch.empty((batch, *row), dtype=torch.uint8, pin_memory=device.type == "cuda")

    def fill(self, rows: Tensor, index: Tensor) -> None:
        """Put the rows (B, ...) of an index (B,) here."""
        # One thread: another pool of torch's would contend with the one that computes.
        np.take(rows.numpy(), index.numpy(), axis=0, out=self.staged.numpy())

    def use(self, unpack: Unpack) -> Tensor:
        """The images of the rows that were put here."""
        return unpack(self.staged)


class CudaLane(Lane):
    """Pinned memory and as much on the device; copied on a stream of its own, so that no kernel waits for it."""

    def __init__(self, row: torch.Size, batch: int, device: torch.device) -> None:
        super().__init__(row, batch, device)
        self.device = device
        self.stream = torch.cuda.Stream(device)
        self.copied = torch.cuda.Event()
        self.used = torch.cuda.Event()
        self.rows = torch.empty_like(self.staged, device=device)
        self.rows.record_stream(self.stream)
        # What had this memory before may still be in use.
        self.used.record(torch.cuda.current_stream(device))

    def fill(self, rows: Tensor, index: Tensor) -> None:
        self.copied.synchronize()
        super().fill(rows, index)
        with torch.cuda.stream(self.stream):
            self.stream.wait_event(self.used)
            self.rows.copy_(self.staged, non_blocking=True)
            self.copied.record(self.stream)

    def use(self, unpack: Unpack) -> Tensor:
        stream = torch.cuda.current_stream(self.device)
        stream.wait_event(self.copied)
        images = unpack(self.rows)
        self.used.record(stream)
        return images


@dataclass(frozen=True, eq=False)
class _Ahead:
    """A batch on its way: its index (B,) on the CPU, the lane it comes in, and the end of the filling."""

    index: Tensor
    lane: Lane
    filled: Future[None]


class HostImages:
    """A store in main memory whose batches come on a device.

    They are copied as they are stored and unpacked there. `prefetch` has a thread gather a batch while the one before
    it is used; two lanes take turns. Neither it nor `images` of an index on the CPU reads anything back from the
    device. For one thread at a time.
    """

    def __init__(
        self,
        store: StoredImages,
        device: torch.device,
        lane: Callable[[torch.Size, int, torch.device], Lane] | None = None,
    ) -> None:
        self.store = store
        self.device = device
        self._lane = lane or (CudaLane if device.type == "cuda" else Lane)
        self._lanes: list[Lane] = []
        self._thread: ThreadPoolExecutor | None = None
        self._ahead: _Ahead | None = None

    @property
    def shape(self) -> ImageShape:
        return self.store.shape

    def __len__(self) -> int:
        return len(self.store)

    def images(self, index: Tensor) -> Tensor:
        """(B,) int64 on the CPU or on the device -> (B, C, H, W) float32 in [0, 1] on the device.

        At once if `prefetch` was last asked for the same index on the CPU; raises what went wrong there.
        """
        ahead = self._ahead
        if ahead is not None and index.device.type == "cpu" and torch.equal(index, ahead.index):
            self._ahead = None
            ahead.filled.result()
            return ahead.lane.use(self.store.unpack)
        return self.store.unpack(self.store.rows.index_select(0, index.cpu()).to(self.device))

    def prefetch(self, index: Tensor) -> None:
        """Start to gather the images of (B,) int64 on the CPU, for a later call of `images`."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="gather-images")
        if not self._lanes or len(self._lanes[0].staged) != len(index):
            self._lanes = [self._lane(self.store.rows.shape[1:], len(index), self.device) for _ in range(2)]
        self._lanes.reverse()
        lane = self._lanes[0]
        self._ahead = _Ahead(index, lane, self._thread.submit(lane.fill, self.store.rows, index))

    def close(self) -> None:
        """End the thread, and forget the batch on its way. `prefetch` may be called again."""
        if self._thread is not None:
            self._thread.shutdown()
        self._thread = None
        self._ahead = None
        self._lanes = []

    def apart(self) -> HostImages:
        """The same images, whose batches are gathered ahead for another user."""
        return HostImages(self.store, self.device, self._lane)

    def to(self, device: torch.device) -> ImageStore:
        """The same images for another device: on it where they fit, else in main memory."""
        return self.store.to(device)
