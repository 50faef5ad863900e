"""The promises of a data set, one function each, in the order they are checked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from disentangle_eval.api import Dataset, FactorGrid, Factors, Nuisance
from disentangle_eval.config import build
from disentangle_eval.data.dataset import labels_of
from disentangle_eval.errors import UsageError
from disentangle_eval.opening.datasets import open_dataset
from disentangle_eval.registry.lookup import Registered, Registry
from disentangle_eval.registry.names import parse_dataset
from disentangle_eval.registry.specs import DatasetSpec
from disentangle_eval.runtime.draws import GeneratorDraw
from disentangle_eval.runtime.global_randomness import borrowed_globals
from disentangle_eval.testing.candidate import Check
from disentangle_eval.testing.checks.config import check_settings
from disentangle_eval.testing.checks.registration import check_registration_imports_no_torch
from disentangle_eval.testing.failure import ConformanceFailure, NotChecked, explained
from disentangle_eval.testing.verdict import rests_on

SAMPLE = 48  # images that are looked at, from the whole data set
BASES = 8  # images from which each factor is changed
# White divided by 255 twice, which float32 rounds up.
DARK = 1.001 / 255
CHECKSUM = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True, eq=False)
class DatasetCandidate:
    """A registered data set, the entry point it came by, and how it is opened: its name with path and settings.

    `data` is the data set where it is open already; it is then not opened again.
    """

    registered: Registered[DatasetSpec]
    entry: str
    name: str
    data_dir: Path | None = None
    data: Dataset | None = None
    verdicts: dict[Check, ConformanceFailure | NotChecked | None] = field(default_factory=dict, repr=False)

    @cached_property
    def opened(self) -> Dataset:
        """The data set; lets through what the plugin raises."""
        return open_dataset(self.name, self.data_dir) if self.data is None else self.data

    def index(self) -> Tensor:
        """Some images, in an order that is not that of the data set, (n,) int64."""
        spread = np.unique(np.linspace(0, len(self.opened) - 1, SAMPLE).astype(np.int64))
        return torch.from_numpy(np.random.default_rng(0).permutation(spread))


def check_opens(candidate: DatasetCandidate) -> None:
    """What the spec names returns a data set with a name, a checksum, a shape and as many images as the spec says."""
    check, spec = "opens", candidate.registered.spec
    if spec.config:
        with explained(check, f"correct what {spec.config!r} names"):
            config = Registry.resolve(candidate.registered, "config")
            variants = [("the defaults", build(config, {}))]
        check_settings(check, config, variants)
    try:
        with explained(check, "correct that line"):
            data = candidate.opened
            shape, length = tuple(data.shape), len(data)
            described = (data.name, data.sha256, data.factors)
    except ConformanceFailure as failure:
        if isinstance(failure.__cause__, UsageError):
            raise NotChecked(str(failure.__cause__)) from None
        raise
    if len(shape) != 3 or not all(isinstance(size, int) and size > 0 for size in shape):
        raise ConformanceFailure(check, f"shape {shape}", "channels, height and width", "return an ImageShape")
    if length < 1:
        raise ConformanceFailure(check, "no image", "at least one", "correct __len__")
    if not isinstance(described[0], str) or not CHECKSUM.fullmatch(str(described[1])):
        raise ConformanceFailure(
            check,
            f"name {described[0]!r} and sha256 {described[1]!r}",
            "a text, and 64 hexadecimal digits that follow from the images",
            "hashlib.sha256(pixels.tobytes()).hexdigest()",
        )
    has_settings = bool(parse_dataset(candidate.name).settings)
    if spec.images and not has_settings and spec.images != length:
        raise ConformanceFailure(check, f"{length:,} images", f"{spec.images:,}, as its spec says", "correct either")
    if spec.kind == "factors" and described[2] is None:
        raise ConformanceFailure(
            check, "no factors in a data set of kind 'factors'", "factors", "correct the spec's kind"
        )


def check_images(candidate: DatasetCandidate) -> None:
    """`images` of (B,) indices are (B, C, H, W) float32 in [0, 1], not all alike and not divided by 255 twice."""
    check = "images"
    rests_on(candidate, check_opens)
    data, index = candidate.opened, candidate.index()
    with explained(check, "correct that line"):
        images = data.images(index)
    _expect_images(check, "images", images, (len(index), *data.shape))
    if len(index) > 1 and bool((images == images[:1]).all()):
        raise ConformanceFailure(check, f"{len(index)} equal images", "images by index", "use the index")
    if 0 < float(images.max()) <= DARK:
        raise ConformanceFailure(
            check, f"pixels up to {float(images.max()):.3g}", "pixels in [0, 1]", "divide by 255 once"
        )


def check_same_images(candidate: DatasetCandidate) -> None:
    """The same index gives the same image in every call, alone or in any batch, in the order of the index."""
    check = "same_images"
    rests_on(candidate, check_images)
    data, index = candidate.opened, candidate.index()
    images = data.images(index)
    if not torch.equal(images, data.images(index)):
        raise ConformanceFailure(
            check,
            "other images in a second call",
            "images that are a function of their index",
            "draw nothing in `images`; what varies between observations is a Nuisance, drawn in `observe`",
        )
    order = torch.argsort(index)
    if not torch.equal(images[order], data.images(index[order])):
        raise ConformanceFailure(
            check, "images in another order than their index", "image i of the result for index[i]", "keep the order"
        )
    alone = torch.cat([data.images(index[i : i + 1]) for i in range(min(4, len(index)))])
    if not torch.equal(images[:4], alone):
        raise ConformanceFailure(
            check, "another image alone than in a batch", "images that depend on no other", "normalise none by a batch"
        )


def check_no_global_randomness(candidate: DatasetCandidate) -> None:
    """Images and observations leave the global generators of torch, numpy and Python alone."""
    check = "no_global_randomness"
    rests_on(candidate, check_images)
    data, index = candidate.opened, candidate.index()
    with borrowed_globals(seed=20260214) as before:
        data.images(index)
        if isinstance(data, Nuisance):
            seen = data.observe(index, GeneratorDraw(0))
            _expect_images(check, "observe", seen, (len(index), *data.shape))
        moved = before.moved()
    if moved:
        raise ConformanceFailure(
            check, " and ".join(moved) + " used", "draws from the `draw` that `observe` receives", "draw from it alone"
        )


def check_opened_again(candidate: DatasetCandidate) -> None:
    """Opened again, the data set has the same checksum and the same images."""
    check = "opened_again"
    rests_on(candidate, check_images)
    if candidate.data is not None:
        raise NotChecked("the data set was opened once")
    data, index = candidate.opened, candidate.index()
    again = open_dataset(candidate.name, candidate.data_dir)
    same = data.sha256 == again.sha256 and torch.equal(data.images(index), again.images(index))
    if not same:
        raise ConformanceFailure(
            check,
            "another checksum or other images when it is opened again",
            "the same data set",
            "draw with a fixed seed; compute sha256 from the images, not from time or paths",
        )


def check_factors(candidate: DatasetCandidate) -> None:
    """Factors have names, sizes and classes in range for every image; a full grid finds each image by its classes."""
    check = "factors"
    rests_on(candidate, check_opens)
    factors, length = candidate.opened.factors, len(candidate.opened)
    if factors is None:
        raise NotChecked("the data set has no factors")
    index = candidate.index().numpy()
    with explained(check, "correct that line"):
        classes = factors.classes(index)
    sizes = factors.sizes
    if len(factors) != length or len(factors.names) != len(sizes):
        raise ConformanceFailure(
            check,
            f"{len(factors.names)} names and {len(sizes)} sizes for {len(factors):,} images",
            f"one of each per factor for {length:,} images",
            "build them with FactorSpace or FactorTable",
        )
    fits = classes.shape == (len(index), len(sizes)) and np.issubdtype(classes.dtype, np.integer)
    if not fits or bool((classes < 0).any()) or bool((classes >= np.array(sizes)).any()):
        raise ConformanceFailure(
            check,
            f"classes of {classes.dtype} and shape {classes.shape}, up to {classes.max()}",
            f"integers ({len(index)}, {len(sizes)}) from 0, below {sizes}",
            "count classes from 0",
        )
    if isinstance(factors, FactorGrid):
        with explained(check, "correct that line"):
            back = factors.index(classes)
        if int(np.prod(sizes)) != length or not np.array_equal(back, index):
            raise ConformanceFailure(
                check, "another image than the one its classes name", "index(classes(i)) == i", "correct the order"
            )


def check_factors_show(candidate: DatasetCandidate) -> None:
    """In a full grid each factor of two classes or more changes the image, so that grid and images are in one order."""
    check = "factors_show"
    rests_on(candidate, check_factors, check_images)
    data = candidate.opened
    if not isinstance(data.factors, FactorGrid):
        raise NotChecked("the data set has no full grid of factors")
    silent = _silent_factors(data, data.factors, candidate.index().numpy()[:BASES])
    if silent:
        raise ConformanceFailure(
            check,
            f"images that do not change with {', '.join(silent)}",
            "the factors of the images, in the order of their index, the last factor varying fastest",
            "correct the order of the factors, or leave out what does not vary",
        )


def check_labels(candidate: DatasetCandidate) -> None:
    """Labels are one integer from 0 per image."""
    check = "labels"
    rests_on(candidate, check_opens)
    labels: Any = labels_of(candidate.opened)
    if labels is None:
        raise NotChecked("the data set has no labels")
    wanted = (len(candidate.opened),)
    fits = isinstance(labels, np.ndarray) and labels.shape == wanted and np.issubdtype(labels.dtype, np.integer)
    if not fits or labels.min() < 0:
        received = f"{getattr(labels, 'dtype', type(labels).__name__)} of shape {getattr(labels, 'shape', '?')}"
        raise ConformanceFailure(check, received, f"integers from 0 of shape {wanted}", "np.asarray(labels, np.int64)")


DATASET_CHECKS: tuple[Check, ...] = (
    check_registration_imports_no_torch,
    check_opens,
    check_images,
    check_same_images,
    check_no_global_randomness,
    check_opened_again,
    check_factors,
    check_factors_show,
    check_labels,
)


def _expect_images(check: str, what: str, images: object, shape: tuple[int, ...]) -> None:
    if not isinstance(images, Tensor) or tuple(images.shape) != shape or images.dtype != torch.float32:
        received = (
            f"{images.dtype} of shape {tuple(images.shape)}" if isinstance(images, Tensor) else type(images).__name__
        )
        raise ConformanceFailure(check, f"{received} from {what}", f"float32 of shape {shape}", "convert them")
    low, high = float(images.min()), float(images.max())
    if not (low >= 0 and high <= 1):
        raise ConformanceFailure(
            check, f"pixels from {low:.3g} to {high:.3g} from {what}", "pixels in [0, 1]", "divide bytes by 255"
        )


def _silent_factors(data: Dataset, factors: Factors, bases: np.ndarray) -> list[str]:
    """The factors of a grid that change none of some images, by name."""
    assert isinstance(factors, FactorGrid)
    silent = []
    for position, (name, size) in enumerate(zip(factors.names, factors.sizes, strict=True)):
        if size < 2:
            continue
        classes = factors.classes(bases)
        classes[:, position] = (classes[:, position] + 1) % size
        others = torch.from_numpy(np.asarray(factors.index(classes)))
        if torch.equal(data.images(torch.from_numpy(bases)), data.images(others)):
            silent.append(repr(name))
    return silent
