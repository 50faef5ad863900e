"""Images as bits or as bytes, a batch being one gather."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from disentangle_eval.api import ImageShape
from disentangle_eval.data.image_store import ImageStore
from disentangle_eval.data.placing import place_images


@dataclass(frozen=True, eq=False)
class BitImages:
    """Black and white images, eight pixels per byte, the first in the highest bit.

    `packed` is (N, ceil(C * H * W / 8)) uint8; ValueError for any other form.
    """

    packed: Tensor
    shape: ImageShape

    def __post_init__(self) -> None:
        _check(self.packed, (math.ceil(math.prod(self.shape) / 8),), "BitImages.packed")

    def __len__(self) -> int:
        return self.packed.shape[0]

    @property
    def rows(self) -> Tensor:
        """(N, ...) uint8: what is stored, one image per row."""
        return self.packed

    def unpack(self, rows: Tensor) -> Tensor:
        """Rows (B, ...) on any device -> (B, C, H, W) float32, 0 or 1."""
        pixels = _pixels_of_byte(rows.device).index_select(0, rows.flatten().int()).view(torch.uint8)
        return pixels.view(len(rows), -1)[:, : math.prod(self.shape)].float().view(-1, *self.shape)

    def images(self, index: Tensor) -> Tensor:
        """(B,) int64 on the same device -> (B, C, H, W) float32, 0 or 1."""
        return self.unpack(self.rows.index_select(0, index))

    def onto(self, device: torch.device) -> BitImages:
        """The same images, all of them on a device."""
        return BitImages(self.packed.to(device), self.shape)

    def to(self, device: torch.device) -> ImageStore:
        """The same images for another device: on it where they fit, else in main memory."""
        return place_images(self, device)


@dataclass(frozen=True, eq=False)
class ByteImages:
    """Images of 256 levels: `pixels` is (N, C, H, W) uint8; ValueError for any other form.

    A batch is laid out channels last. It is quickest from `pixels` which are: a view of (N, H, W, C) in memory.
    """

    pixels: Tensor

    def __post_init__(self) -> None:
        _check(self.pixels, tuple(self.pixels.shape[1:]), "ByteImages.pixels")
        if self.pixels.dim() != 4:
            raise ValueError(f"ByteImages.pixels: received shape {tuple(self.pixels.shape)}, expected (N, C, H, W)")

    @classmethod
    def of(cls, pixels: np.ndarray) -> ByteImages:
        """The images of an array (N, C, H, W) uint8, whose memory is shared."""
        return cls(torch.from_numpy(pixels))

    @property
    def shape(self) -> ImageShape:
        return ImageShape(*self.pixels.shape[1:])

    def __len__(self) -> int:
        return self.pixels.shape[0]

    @property
    def rows(self) -> Tensor:
        """(N, ...) uint8: what is stored, one image per row."""
        return self.pixels.permute(0, 2, 3, 1) if self._channels_last else self.pixels

    def unpack(self, rows: Tensor) -> Tensor:
        """Rows (B, ...) on any device -> (B, C, H, W) float32 in [0, 1], multiples of 1/255."""
        if self.shape.channels == 1:
            return rows.float().div_(255)
        return self._interleaved(rows).div_(255).permute(0, 3, 1, 2)

    def images(self, index: Tensor) -> Tensor:
        """(B,) int64 on the same device -> (B, C, H, W) float32 in [0, 1], multiples of 1/255."""
        return self.unpack(self.rows.index_select(0, index))

    def onto(self, device: torch.device) -> ByteImages:
        """The same images, all of them on a device."""
        return ByteImages(self.pixels.to(device))

    def to(self, device: torch.device) -> ImageStore:
        """The same images for another device: on it where they fit, else in main memory."""
        return place_images(self, device)

    def _interleaved(self, rows: Tensor) -> Tensor:
        """Rows -> (B, H, W, C) float32 in [0, 255]; the layout is changed as the bytes become floats."""
        if self._channels_last:
            return rows.float()
        channels, height, width = self.shape
        floats = torch.empty((len(rows), height, width, channels), device=rows.device)
        return torch.stack(rows.unbind(1), dim=-1, out=floats)

    @property
    def _channels_last(self) -> bool:
        return self.shape.channels > 1 and self.pixels.is_contiguous(memory_format=torch.channels_last)


@cache
def _pixels_of_byte(device: torch.device) -> Tensor:
    """(256,) int64: row k holds the eight pixels of byte k, one per byte, so that one gather moves eight pixels."""
    pixels = torch.arange(256)[:, None] >> torch.arange(7, -1, -1) & 1
    return pixels.to(torch.uint8).view(torch.int64).squeeze(1).to(device)


def _check(tensor: Tensor, row: tuple[int, ...], what: str) -> None:
    if tensor.dtype != torch.uint8 or tuple(tensor.shape[1:]) != row:
        expected = f"uint8 of shape (N, {', '.join(map(str, row))})"
        raise ValueError(f"{what}: received {tensor.dtype} of shape {tuple(tensor.shape)}, expected {expected}")
