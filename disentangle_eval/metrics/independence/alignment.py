"""Which images of several subjects are the same ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from disentangle_eval.api import FactorGrid, Subject
from disentangle_eval.errors import UsageError


def aligned_images(subjects: Sequence[Subject]) -> list[np.ndarray]:
    """For each subject the indices (N,) of its images, such that position p is the same image in all.

    Tables are compared row by row as their owners wrote them, unless their factors say that rows are in different
    orders and all are full grids of the same factors, which are then compared combination by combination. UsageError
    for tables whose factors contradict each other. All subjects have N images.
    """
    grids = [_grid(subject) for subject in subjects]
    in_order = all(subject.order is None for subject in subjects)
    if in_order and all(grid is not None and _form(grid) == _form(grids[0]) for grid in grids):
        return [np.arange(len(subject)) for subject in subjects]
    rows = [_image_of_row(subject) for subject in subjects]
    partitions = [_partitions(subject, images) for subject, images in zip(subjects, rows, strict=True)]
    known = [columns for columns in partitions if columns]
    if all(one <= other or other <= one for one in known for other in known):
        return rows
    by_combination = [grid for grid in grids if grid is not None and _form(grid, by_name=True) == _form(grids[0], True)]
    if len(by_combination) == len(subjects):
        first = by_combination[0]
        classes = first.classes(np.arange(len(first)))
        return [grid.index(classes[:, [first.names.index(name) for name in grid.names]]) for grid in by_combination]
    raise UsageError(
        "udr",
        received="tables whose factors contradict each other",
        expected="the same images in the same rows, or full grids of the same factors with their names",
    )


def _grid(subject: Subject) -> FactorGrid | None:
    return subject.grid if "grid" in subject.offered else None


def _form(grid: FactorGrid | None, by_name: bool = False) -> list[tuple[str, int]]:
    pairs = [] if grid is None else list(zip(grid.names, grid.sizes, strict=True))
    return sorted(pairs) if by_name else pairs


def _image_of_row(subject: Subject) -> np.ndarray:
    """The image in each row of the user's own table, (N,)."""
    return np.arange(len(subject)) if subject.order is None else np.argsort(subject.order)


def _partitions(subject: Subject, images: np.ndarray) -> set[bytes]:
    """How each factor that varies divides these images into classes, whatever the classes are called."""
    if "factors" not in subject.offered:
        return set()
    found = set()
    for column in subject.factors.classes(images).T:
        _, first, class_of = np.unique(column, return_index=True, return_inverse=True)
        if len(first) > 1:
            found.add(np.argsort(np.argsort(first))[class_of].astype(np.int64).tobytes())
    return found
