"""Numbers that look random and follow from an image's index alone, the same on every device.

All arithmetic is on 32-bit integers that wrap around, so nothing is rounded and nothing is stored.
"""

from __future__ import annotations

import torch
from torch import Tensor

BITS = 24


def hashed_bits(index: Tensor, count: int) -> Tensor:
    """(B,) int64 indices below 2^32 -> (B, count) int32, uniform on 0 .. 2^24 - 1; (i, k) always has the same value."""
    places = _mix(torch.arange(count, dtype=torch.int32, device=index.device).add_(_PLACES))
    images = _mix(index.to(torch.int32))
    return _shift(_mix(images[:, None] ^ places), 32 - BITS)


def hashed_uniform(index: Tensor, count: int) -> Tensor:
    """As `hashed_bits`, (B, count) float32 on [0, 1), multiples of 2^-24."""
    return hashed_bits(index, count).float().mul_(2.0**-BITS)


def hashed_integers(index: Tensor, highs: tuple[int, ...]) -> Tensor:
    """(B, len(highs)) int64; column k is uniform on 0 .. highs[k] - 1."""
    bits = hashed_bits(index, len(highs)).long()
    return torch.stack([bits[:, column] * high >> BITS for column, high in enumerate(highs)], dim=1)


def _signed(word: int) -> int:
    """The 32-bit integer of the same bits as a word."""
    return word - (1 << 32) if word >> 31 else word


# Keeps the places from having the hashes of the first images.
_PLACES = _signed(0x9E3779B9)
# Multipliers and shifts of an invertible mixer of 32 bits whose output bits all depend on all input bits.
_FIRST, _SECOND = _signed(0x7FEB352D), _signed(0x846CA68B)


def _mix(words: Tensor) -> Tensor:
    words = words ^ _shift(words, 16)
    words.mul_(_FIRST)
    words.bitwise_xor_(_shift(words, 15))
    words.mul_(_SECOND)
    return words.bitwise_xor_(_shift(words, 16))


def _shift(words: Tensor, places: int) -> Tensor:
    """Shifted right, zeros coming in."""
    return (words >> places).bitwise_and_((1 << 32 - places) - 1)
