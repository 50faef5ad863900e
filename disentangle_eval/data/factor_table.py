"""Factors known image by image, where not every combination of classes is there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from disentangle_eval.data.factors import FactorSpace


@dataclass(frozen=True, eq=False)
class FactorTable:
    """The factor classes of N images: `table` is (N, F) int64, classes from 0; `sizes` are one more than the largest.

    `values` (N, F) are the real numbers of the classes, if they are known. ValueError for another shape
    or dtype, for a negative class, and for names that are not one per factor.
    """

    names: tuple[str, ...]
    table: np.ndarray
    values: np.ndarray | None = None
    sizes: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        if self.table.ndim != 2 or not self.table.size or self.table.dtype != np.int64 or self.table.min() < 0:
            received = f"{self.table.dtype} of shape {self.table.shape}"
            raise ValueError(f"FactorTable: received {received}, expected int64 (N, F) of classes from 0")
        if len(self.names) != self.table.shape[1]:
            raise ValueError(f"FactorTable: received {len(self.names)} names for {self.table.shape[1]} factors")
        if self.values is not None and self.values.shape != self.table.shape:
            raise ValueError(f"FactorTable: received values of shape {self.values.shape}, expected {self.table.shape}")
        object.__setattr__(self, "sizes", tuple(int(largest) + 1 for largest in self.table.max(axis=0)))

    def __len__(self) -> int:
        return len(self.table)

    def classes(self, index: np.ndarray) -> np.ndarray:
        """Image indices (...) of ints -> class tuples (..., F), int64."""
        classes: np.ndarray = self.table[index]
        return classes


@dataclass(frozen=True, eq=False)
class TableGrid(FactorTable):
    """A table that has every combination of classes once, in any order: a full grid.

    ValueError where a combination is missing or repeated.
    """

    _image: np.ndarray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not has_every_combination(self):
            raise ValueError(f"TableGrid: received {len(self)} rows, expected each of {self.sizes} classes once")
        image = np.empty(len(self), dtype=np.int64)
        image[self._space.index(self.table)] = np.arange(len(self))
        object.__setattr__(self, "_image", image)

    def index(self, classes: np.ndarray) -> np.ndarray:
        """Class tuples (..., F) of ints -> image indices (...), int64. ValueError for a class that does not exist."""
        index: np.ndarray = self._image[self._space.index(classes)]
        return index

    @property
    def _space(self) -> FactorSpace:
        return FactorSpace(self.names, self.sizes)


def has_every_combination(table: FactorTable) -> bool:
    """Whether every combination of classes is in a table exactly once."""
    if math.prod(table.sizes) != len(table):
        return False
    return len(np.unique(FactorSpace(table.names, table.sizes).index(table.table))) == len(table)


def table_of_values(values: np.ndarray, names: Sequence[str]) -> FactorTable:
    """Factor values (N, F), real numbers: the distinct values of a factor, ascending, are its classes 0, 1, ..."""
    columns = [np.unique(column, return_inverse=True)[1] for column in values.T]
    return FactorTable(tuple(names), np.stack(columns, axis=1).astype(np.int64), values.astype(np.float64))
