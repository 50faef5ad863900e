"""Shapes, types and ranges of the tensors a model returns."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from disentangle_eval.api import ImageShape
from disentangle_eval.testing.failure import ConformanceFailure

Size = int | str

# What to change where numbers are not finite.
OF_NUMBERS = "look for log, sqrt and division at 0, and for overflow"


def expect_floats(check: str, what: str, value: object, shape: Sequence[Size]) -> Tensor:
    """`value` if it is a finite float32 tensor of that shape; a size given as a letter may be anything from 1 on."""
    wanted = f"a finite float32 tensor of shape ({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"
    change = f"return {wanted} from {what}"
    if not isinstance(value, Tensor):
        raise ConformanceFailure(check, f"{type(value).__name__} from {what}", wanted, change)
    fits = value.dim() == len(shape) and all(
        size >= 1 if isinstance(want, str) else size == want for size, want in zip(value.shape, shape, strict=True)
    )
    if not fits or value.dtype != torch.float32:
        raise ConformanceFailure(check, f"{value.dtype} of shape {tuple(value.shape)} from {what}", wanted, change)
    if not bool(value.isfinite().all()):
        raise ConformanceFailure(
            check,
            f"NaN or infinite numbers from {what}",
            wanted,
            OF_NUMBERS,
        )
    return value


def expect_images(check: str, what: str, value: object, n: int, shape: ImageShape) -> None:
    """`n` images in [0, 1]."""
    images = expect_floats(check, what, value, (n, *shape))
    low, high = float(images.min()), float(images.max())
    if low < 0 or high > 1:
        raise ConformanceFailure(
            check,
            f"pixels from {low:.3g} to {high:.3g} from {what}",
            "pixels in [0, 1]",
            "end in a sigmoid, or map tanh's range by (x + 1) / 2",
        )


def rounding(rows: Tensor) -> Tensor:
    """How far rows may move by rounding alone, (): little against their size, and against how they differ."""
    return 1e-5 * rows.abs().max() + 1e-3 * (rows - rows.mean(dim=0)).abs().max()
