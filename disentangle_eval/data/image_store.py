"""What holds images: the protocols of a store, of one that can be moved, and of one that gathers a batch ahead."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from disentangle_eval.api import ImageShape


class ImageStore(Protocol):
    """A set of images whose batches come on a device."""

    @property
    def shape(self) -> ImageShape:
        """Shape of one image."""

    def __len__(self) -> int:
        """Number of images."""

    def images(self, index: Tensor) -> Tensor:
        """(B,) int64 on the same device -> (B, C, H, W) float32 in [0, 1]."""

    def to(self, device: torch.device) -> ImageStore:
        """The same images for another device: on it where they fit, else in main memory."""


class StoredImages(ImageStore, Protocol):
    """Images stored one per row, in a form that is unpacked after rows are gathered."""

    @property
    def rows(self) -> Tensor:
        """(N, ...) uint8."""

    def unpack(self, rows: Tensor) -> Tensor:
        """Rows (B, ...) on any device -> (B, C, H, W) float32 in [0, 1]."""

    def onto(self, device: torch.device) -> ImageStore:
        """The same images, all of them on a device."""


@runtime_checkable
class ImagesAhead(Protocol):
    """A store that gathers the next batch while one is used; its `images` also takes an index on the CPU."""

    def prefetch(self, index: Tensor) -> None:
        """Start to gather the images of (B,) int64 on the CPU, for a later call of `images`."""

    def close(self) -> None:
        """Stop gathering; `prefetch` may be called again."""

    def apart(self) -> ImageStore:
        """The same images, whose batches are gathered ahead for another user."""
