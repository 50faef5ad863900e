"""Balls around features that reach to the k-th nearest neighbour, without ever holding all distances."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

_BLOCK = 2048

# Rounding of a squared distance, relative to the squared norms of its two points: nearer than this is equal.
_ROUNDING = 1e-14


@dataclass(frozen=True)
class Balls:
    """What balls around one set of features (N, D) and around another (M, D) hold of each other.

    `real_in_generated` (N,): whether a point of the first is in any ball of the second. `generated_in_real` (M,): in
    how many balls of the first a point of the second is. `real_reached` (N,): whether a ball of the first holds any
    point of the second.
    """

    real_in_generated: Tensor
    generated_in_real: Tensor
    real_reached: Tensor


def balls(real: np.ndarray, generated: np.ndarray, k: int, device: torch.device) -> Balls:
    """Balls reach to the `k`-th nearest other point of their own set, boundary included, so that duplicates count.

    Squared distances in float64, a block of 2,048 x 2,048 at a time.
    """
    centre = real.mean(axis=0, dtype=np.float64)
    points, others = _Points(real, centre, device), _Points(generated, centre, device)
    radii, other_radii = points.radii(k), others.radii(k)
    inside = torch.zeros(len(real), dtype=torch.bool, device=device)
    reached = torch.zeros(len(real), dtype=torch.bool, device=device)
    counts = torch.zeros(len(generated), dtype=torch.int64, device=device)
    for rows, block in points.blocks():
        for columns, other in others.blocks():
            distances = _least_squared_distances(block, other, points.norms[rows], others.norms[columns])
            in_real = distances <= radii[rows, None]
            counts[columns] += in_real.sum(dim=0)
            reached[rows] |= in_real.any(dim=1)
            inside[rows] |= (distances <= other_radii[columns]).any(dim=1)
    return Balls(inside.cpu(), counts.cpu(), reached.cpu())


class _Points:
    """Features read in blocks of float64, less a centre that keeps their norms small, with their squared norms."""

    def __init__(self, features: np.ndarray, centre: np.ndarray, device: torch.device) -> None:
        self._features = features
        self._centre = torch.as_tensor(centre, device=device)
        self.norms = torch.cat([block.square().sum(dim=1) for _, block in self.blocks()])

    def blocks(self) -> Iterator[tuple[slice, Tensor]]:
        for start in range(0, len(self._features), _BLOCK):
            rows = slice(start, min(start + _BLOCK, len(self._features)))
            yield rows, torch.as_tensor(self._features[rows], device=self._centre.device).double() - self._centre

    def radii(self, k: int) -> Tensor:
        """(N,) squared distance of each point to its k-th nearest other."""
        return torch.cat([self._nearest(rows, block, k + 1)[:, -1] for rows, block in self.blocks()])

    def _nearest(self, rows: slice, block: Tensor, count: int) -> Tensor:
        """(B, count) smallest squared distances, ascending; the first is the point's own."""
        nearest = torch.empty(len(block), 0, dtype=torch.float64, device=block.device)
        for columns, other in self.blocks():
            distances = _squared_distances(block, other, self.norms[rows], self.norms[columns])
            nearest = torch.cat([nearest, distances], dim=1)
            nearest = nearest.topk(min(count, nearest.shape[1]), largest=False).values
        return nearest


def _least_squared_distances(rows: Tensor, columns: Tensor, row_norms: Tensor, column_norms: Tensor) -> Tensor:
    """Squared distances less their rounding."""
    return _squared_distances(rows, columns, (1 - _ROUNDING) * row_norms, (1 - _ROUNDING) * column_norms)


def _squared_distances(rows: Tensor, columns: Tensor, row_norms: Tensor, column_norms: Tensor) -> Tensor:
    return (row_norms[:, None] + column_norms).addmm_(rows, columns.T, alpha=-2)
