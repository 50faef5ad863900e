"""Which images of a data set training sees: combinations of factors held out, factors correlated; scoring sees all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, is_dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from disentangle_eval.api import Dataset, Factors, Nuisance
from disentangle_eval.config import DatasetConfig, Field
from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.indexing import IndexedDataset, IndexedNuisance
from disentangle_eval.errors import UsageError

LARGEST = 2**26

_PAIR = re.compile(r"([^:]+):(-?)([^:]+):([0-9.e-]+)")
_CLASSES = re.compile(r"([^:]+):(\d+)(?:-(\d+))?")


class PartConfig(DatasetConfig):
    """Settings of every data set with factors."""

    correlate: str = Field("", description="pairs of factors that are correlated in training: A:B:SIGMA,C:-D:SIGMA")
    hold_out: str = Field("", description="combinations of classes that are left out of training: A:0-3+B:5,C:2")


@dataclass(frozen=True, eq=False)
class KeptImages:
    """The images of `index` (M,) int64, each once per epoch."""

    index: Tensor

    def __len__(self) -> int:
        return len(self.index)

    def order(self, generator: torch.Generator) -> Tensor:
        """The images of one epoch, (M,) int64, in an order that follows from the generator."""
        return self.index[torch.randperm(len(self.index), generator=generator)]


@dataclass(frozen=True, eq=False)
class WeightedImages:
    """M draws with replacement per epoch from the images of `index` (M,); `cumulative` (M,) are their probabilities."""

    index: Tensor
    cumulative: Tensor

    def __len__(self) -> int:
        return len(self.index)

    def order(self, generator: torch.Generator) -> Tensor:
        """As for `KeptImages`, an image as often as it is drawn."""
        uniform = torch.rand(len(self.index), dtype=torch.float64, generator=generator)
        drawn = torch.searchsorted(self.cumulative, uniform, right=True)
        return self.index[drawn.clamp_(max=len(self.index) - 1)]


def with_training_part(data: Dataset, settings: Mapping[str, str] | PartConfig) -> Any:
    """The same data set, of which training sees a part or sees images unequally often; scoring sees it whole.

    UsageError where it has no factors, for names and classes it does not have, and where nothing would be left.
    """
    cfg = settings if isinstance(settings, PartConfig) else PartConfig(**settings)
    if data.factors is None or len(data) > LARGEST:
        received = "no known factors" if data.factors is None else f"{len(data):,} images"
        raise UsageError(
            f"data set {data.name!r}",
            received=received,
            expected=f"factors, and at most {LARGEST:,} images",
            advice="leave out correlate and hold_out",
        )
    return seen_in_training(data, training_part(data.factors, cfg))


def seen_in_training(data: Dataset, part: KeptImages | WeightedImages) -> Any:
    """The same data set, of which training sees the part."""
    if isinstance(data, ImageDataset) and is_dataclass(data):
        return replace(data, training_part=part)
    return (IndexedNuisance if isinstance(data, Nuisance) else IndexedDataset)(data, training_part=part)


def training_part(factors: Factors, cfg: PartConfig) -> KeptImages | WeightedImages:
    """What training sees of images with these factors."""
    classes = factors.classes(np.arange(len(factors)))
    kept = np.flatnonzero(~_held_out(factors, classes, cfg.hold_out))
    if not len(kept):
        raise UsageError(
            "hold_out", received=f"{cfg.hold_out}, which is every image", expected="some images to train on"
        )
    index = torch.from_numpy(kept)
    if not cfg.correlate:
        return KeptImages(index)
    cumulative = np.cumsum(correlation_weights(factors, classes[kept], cfg.correlate))
    return WeightedImages(index, torch.from_numpy(cumulative / cumulative[-1]))


def correlation_weights(factors: Factors, classes: np.ndarray, correlate: str) -> np.ndarray:
    """Unnormalised probabilities (N,) of images of these classes (N, F): Traeuble et al., 2021.

    The product over pairs of exp(-(a - b)^2 / (2 sigma^2)), a and b the classes of two factors scaled to [0, 1]; of
    1 - b for a pair with a minus.
    """
    weights = np.ones(len(classes))
    for pair in correlate.split(","):
        match = _PAIR.fullmatch(pair.strip())
        sigma = _positive(match[4]) if match else None
        if match is None or sigma is None:
            expected = "pairs such as shape:scale:0.2 or x:-y:0.4 joined by commas, with a number above 0"
            raise UsageError("correlate", received=repr(pair), expected=expected)
        first, second = (_scaled(factors, classes, name, "correlate") for name in (match[1], match[3]))
        distance = first - (1 - second if match[2] else second)
        weights *= np.exp(-(distance**2) / (2 * sigma**2))
    if not weights.any():
        raise UsageError("correlate", received=correlate, expected="larger numbers: no image has a chance to be drawn")
    return weights


def _held_out(factors: Factors, classes: np.ndarray, hold_out: str) -> np.ndarray:
    """(N,) bool: whether an image has one of the combinations."""
    held = np.zeros(len(classes), dtype=bool)
    for combination in hold_out.split(",") if hold_out else []:
        inside = np.ones(len(classes), dtype=bool)
        for part in combination.split("+"):
            match = _CLASSES.fullmatch(part.strip())
            if match is None:
                expected = "combinations such as shape:2+x:16-31 joined by commas"
                raise UsageError("hold_out", received=repr(part), expected=expected)
            column = _column(factors, match[1], "hold_out")
            first, last = int(match[2]), int(match[3] or match[2])
            if not first <= last < factors.sizes[column]:
                expected = f"classes of {match[1]} from 0 to {factors.sizes[column] - 1}"
                raise UsageError("hold_out", received=part.strip(), expected=expected)
            inside &= (classes[:, column] >= first) & (classes[:, column] <= last)
        held |= inside
    return held


def _scaled(factors: Factors, classes: np.ndarray, name: str, setting: str) -> np.ndarray:
    column = _column(factors, name, setting)
    return classes[:, column] / max(1, factors.sizes[column] - 1)


def _column(factors: Factors, name: str, setting: str) -> int:
    if name not in factors.names:
        raise UsageError(setting, received=repr(name), expected=f"a factor: {', '.join(factors.names)}")
    return factors.names.index(name)


def _positive(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 < number < np.inf else None
