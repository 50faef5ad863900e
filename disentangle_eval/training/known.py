"""What is known of the images that training is handed: their classes, their factors, and images that share some."""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor

from disentangle_eval.api import Dataset, Draw, FactorGrid, Factors
from disentangle_eval.errors import DevalError


class Known:
    """Labels and factors of a data set as tables on a device, made when first asked for."""

    def __init__(self, data: Dataset, device: torch.device) -> None:
        self.data = data
        self.device = device

    @functools.cached_property
    def labels(self) -> Tensor:
        """(N,) int64."""
        labels: np.ndarray | None = getattr(self.data, "labels", None)
        if labels is None:
            raise self._missing("labels", "one with labels")
        return torch.as_tensor(labels, dtype=torch.int64).to(self.device)

    @functools.cached_property
    def classes(self) -> Tensor:
        """(N, F) int64."""
        return torch.from_numpy(self._factors.classes(np.arange(len(self.data)))).to(self.device)

    def partners(self, index: Tensor, factors: int | None, draw: Draw) -> Tensor:
        """Images that differ from those of `index` (B,) in so many factors, drawn at random, and in no other: (B,).

        Every other class of such a factor is equally likely. With None the number is drawn for each image, from 1 to
        one less than there are factors, or 1 where there is one. Factors of a single class never differ. `DevalError`
        where the images are no full grid or all the same, where training sees a part of it, and for a number that
        cannot be.
        """
        sizes, strides, lookup = self._grid
        several = sum(size > 1 for size in self._factors.sizes)
        if not several:
            raise self._missing("factor of two classes", "one that has")
        if factors is not None and not 1 <= factors <= several:
            raise DevalError("step.pairs", received=factors, expected=f"None, or from 1 to {several} factors")
        classes = self.classes[index]
        noise = draw.uniform(*classes.shape).to(self.device) + 2 * (sizes == 1)
        place = noise.argsort(dim=1).argsort(dim=1)
        if factors is None:
            number = 1 + draw.integers(max(1, several - 1), len(index), 1).to(self.device)
        else:
            number = torch.full_like(place[:, :1], factors)
        steps = (draw.uniform(*classes.shape).to(self.device) * (sizes - 1)).long()
        others = (classes + 1 + torch.minimum(steps, sizes - 2)) % sizes
        partners: Tensor = lookup[(torch.where(place < number, others, classes) * strides).sum(dim=1)]
        return partners

    @property
    def _factors(self) -> Factors:
        if self.data.factors is None:
            raise self._missing("factors", "one with factors")
        return self.data.factors

    @functools.cached_property
    def _grid(self) -> tuple[Tensor, Tensor, Tensor]:
        """Sizes and strides (F,) of the factors, and the image at each place of the grid (N,)."""
        if not isinstance(self._factors, FactorGrid):
            raise self._missing("full grid of factors", "one that has")
        if getattr(self.data, "training_part", None) is not None:
            expected = "all images: no --validation, correlate or hold_out"
            raise self._missing("pairs within a part of its images", expected)
        sizes = torch.tensor(self._factors.sizes, device=self.device)
        strides = sizes.flip(0).cumprod(0).flip(0) // sizes
        lookup = torch.empty(len(self.data), dtype=torch.int64, device=self.device)
        lookup[(self.classes * strides).sum(dim=1)] = torch.arange(len(self.data), device=self.device)
        return sizes, strides, lookup

    def _missing(self, what: str, expected: str) -> DevalError:
        return DevalError(
            f"dataset {self.data.name!r}", received=f"no {what}, which the model trains on", expected=expected
        )
