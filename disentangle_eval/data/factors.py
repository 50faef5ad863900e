"""The grid of factors behind a data set, as mixed-radix arithmetic."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from disentangle_eval.api import Factors

_IMAGES_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class FactorSpace:
    """Every combination of factor classes is one image; the last factor varies fastest.

    `names` and `sizes` say what the F factors are and how many classes, 0 .. size - 1, each has. `values` (N, F) are
    the real numbers of the classes, if they are known.
    """

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    values: np.ndarray | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.names) != len(self.sizes):
            raise ValueError(f"FactorSpace: received {len(self.names)} names for {len(self.sizes)} sizes")
        if not self.sizes or min(self.sizes) < 1:
            raise ValueError(f"FactorSpace.sizes: received {self.sizes}, expected one positive size per factor")
        if self.values is not None and self.values.shape != (len(self), len(self.sizes)):
            expected = (len(self), len(self.sizes))
            raise ValueError(f"FactorSpace: received values of shape {self.values.shape}, expected {expected}")

    @classmethod
    def parse(cls, text: str) -> FactorSpace:
        """The grid of `DatasetSpec.factors`, names and sizes such as "shape 3, scale 6"; ValueError for other text."""
        parts = [part.split() for part in text.split(",")]
        if not all(len(part) == 2 and part[1].isdecimal() for part in parts):
            raise ValueError(f"FactorSpace: received {text!r}, expected names and sizes such as 'shape 3, scale 6'")
        return cls(tuple(name for name, _ in parts), tuple(int(size) for _, size in parts))

    def __len__(self) -> int:
        return math.prod(self.sizes)

    def index(self, classes: np.ndarray) -> np.ndarray:
        """Class tuples (..., F) of ints -> image indices (...), int64. ValueError for a class that does not exist."""
        classes = _integers(classes, "classes")
        if classes.ndim == 0 or classes.shape[-1] != len(self.sizes):
            expected = f"(..., {len(self.sizes)})"
            raise ValueError(f"FactorSpace.index: received classes of shape {classes.shape}, expected {expected}")
        for name, size, column in zip(self.names, self.sizes, np.moveaxis(classes, -1, 0), strict=True):
            _check_range(column, size, f"FactorSpace.index: class of {name!r}")
        index = np.zeros(classes.shape[:-1], dtype=np.int64)
        for size, column in zip(self.sizes, np.moveaxis(classes, -1, 0), strict=True):
            index = index * size + column
        return index

    def classes(self, index: np.ndarray) -> np.ndarray:
        """Image indices (...) of ints -> class tuples (..., F), int64. ValueError for an image that does not exist."""
        index = _integers(index, "index")
        _check_range(index, len(self), "FactorSpace.classes: index")
        columns = []
        for size in reversed(self.sizes):
            index, column = np.divmod(index, size)
            columns.append(column)
        return np.stack(columns[::-1], axis=-1)


def is_in_grid_order(factors: Factors) -> bool:
    """Whether image i shows the i-th combination of all classes, the last factor varying fastest."""
    space = FactorSpace(tuple(factors.names), tuple(factors.sizes))
    blocks = (np.arange(i, min(i + _IMAGES_AT_ONCE, len(space))) for i in range(0, len(space), _IMAGES_AT_ONCE))
    return len(space) == len(factors) and all(np.array_equal(factors.classes(i), space.classes(i)) for i in blocks)


def _integers(values: np.ndarray, what: str) -> np.ndarray:
    values = np.asarray(values)
    if values.size and not np.issubdtype(values.dtype, np.integer):
        raise ValueError(f"FactorSpace: received {what} of dtype {values.dtype}, expected integers")
    return values.astype(np.int64)


def _check_range(values: np.ndarray, size: int, what: str) -> None:
    outside = values[(values < 0) | (values >= size)]
    if outside.size:
        raise ValueError(f"{what}: received {outside.flat[0]}, expected 0 to {size - 1}")
