"""Uninformative codes: those of a subject, permuted over its images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from disentangle_eval.api import FactorGrid, Subject
from disentangle_eval.latents import CodeDimension

_PERMUTATIONS = 5

# With so many images in the smallest class, noise scores no further above 1 / factors than the standard error of the
# mean of five permutations, which is 0.003 with 5,000 fresh votes or points.
_MANY_IMAGES = 10_000


class Coded(Protocol):
    """What votes and pairs read of a subject: the codes of its images."""

    @property
    def code(self) -> tuple[CodeDimension, ...]:
        """What each column of a code holds."""

    def __len__(self) -> int:
        """The number of images."""

    def codes(self, index: np.ndarray) -> np.ndarray:
        """Image indices (any shape, ints) -> codes, shape `index.shape + (K,)`."""


@dataclass(frozen=True)
class PermutedCodes:
    """The codes of a subject as those of other images, `order` (N,): uninformative, with all else as it is."""

    subject: Subject
    order: np.ndarray

    @property
    def code(self) -> tuple[CodeDimension, ...]:
        return self.subject.code

    def __len__(self) -> int:
        return len(self.subject)

    def codes(self, index: np.ndarray) -> np.ndarray:
        return self.subject.codes(self.order[index])


def permuted_codes(subject: Subject, seed: int) -> Iterator[PermutedCodes]:
    """The codes of a subject in five random permutations, by which the chance of a score of few images is found."""
    random = np.random.default_rng(seed)
    for _ in range(_PERMUTATIONS):
        yield PermutedCodes(subject, random.permutation(len(subject)))


def has_small_classes(factors: FactorGrid) -> bool:
    """Whether the factor of the most classes has fewer than 10,000 images in each.

    An uninformative code then scores more than 1 / factors where images that share a factor are to be identified: the
    codes of few images identify them, and a pair of a small class is often an image with itself.
    """
    return len(factors) < _MANY_IMAGES * max(factors.sizes)
