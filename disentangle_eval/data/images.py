"""Where images lie: all of them on one device, as bits or as bytes, a batch being one gather."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from disentangle_eval.api import ImageShape


class ImageStore(Protocol):
    """A set of images on a device."""

    @property
    def shape(self) -> ImageShape: ...

    def __len__(self) -> int: ...

    def images(self, index: Tensor) -> Tensor:
        """(B,) int64 on the same device -> (B, C, H, W) float32 in [0, 1]."""

    def to(self, device: torch.device) -> ImageStore:
        """The same images on another device."""


@dataclass(frozen=True, eq=False)
class BitImages:
    """Black and white images, eight pixels a byte, the first in the highest bit.

    `packed` is (N, ceil(C * H * W / 8)) uint8; ValueError for any other form.
    """

    packed: Tensor
    shape: ImageShape
    _pixels_of_byte: Tensor = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _check(self.packed, (math.ceil(math.prod(self.shape) / 8),), "BitImages.packed")
        object.__setattr__(self, "_pixels_of_byte", _pixels_of_byte().to(self.packed.device))

    def __len__(self) -> int:
        return self.packed.shape[0]

    def images(self, index: Tensor) -> Tensor:
        """(B,) int64 on the same device -> (B, C, H, W) float32, 0 or 1."""
        bytes_ = self.packed.index_select(0, index)
        pixels = self._pixels_of_byte.index_select(0, bytes_.flatten().int()).view(torch.uint8)
        return pixels.view(len(index), -1)[:, : math.prod(self.shape)].float().view(-1, *self.shape)

    def to(self, device: torch.device) -> BitImages:
        """The same images on another device."""
        return BitImages(self.packed.to(device), self.shape)


@dataclass(frozen=True, eq=False)
class ByteImages:
    """Images of 256 levels: `pixels` is (N, C, H, W) uint8; ValueError for any other form."""

    pixels: Tensor

    def __post_init__(self) -> None:
        _check(self.pixels, tuple(self.pixels.shape[1:]), "ByteImages.pixels")
        if self.pixels.dim() != 4:
            raise ValueError(f"ByteImages.pixels: received shape {tuple(self.pixels.shape)}, expected (N, C, H, W)")

    @property
    def shape(self) -> ImageShape:
        return ImageShape(*self.pixels.shape[1:])

    def __len__(self) -> int:
        return self.pixels.shape[0]

    def images(self, index: Tensor) -> Tensor:
        """(B,) int64 on the same device -> (B, C, H, W) float32 in [0, 1], multiples of 1/255."""
        return self.pixels.index_select(0, index).float() / 255

    def to(self, device: torch.device) -> ByteImages:
        """The same images on another device."""
        return ByteImages(self.pixels.to(device))


def _pixels_of_byte() -> Tensor:
    """(256,) int64: row k holds the eight pixels of byte k, one a byte, so that one gather moves eight pixels."""
    pixels = torch.arange(256)[:, None] >> torch.arange(7, -1, -1) & 1
    return pixels.to(torch.uint8).view(torch.int64).squeeze(1)


def _check(tensor: Tensor, row: tuple[int, ...], what: str) -> None:
    if tensor.dtype != torch.uint8 or tuple(tensor.shape[1:]) != row:
        expected = f"uint8 of shape (N, {', '.join(map(str, row))})"
        raise ValueError(f"{what}: received {tensor.dtype} of shape {tuple(tensor.shape)}, expected {expected}")
