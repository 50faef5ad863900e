"""Subjects that offer everything a metric may need, so small that a score takes a moment."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import Distribution
from torch.distributions import Normal as NormalDistribution

from disentangle_eval.api import Draw, ImageShape, Subject
from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.latents import Categorical, CodeDimension, Normal, OneHot, Prior, continuous
from disentangle_eval.metrics.subject import CodeTable, EncodedSubject
from disentangle_eval.testing.trial import random_images

Codes = Literal["informative", "one dead column", "constant", "classes"]

SIZES = (4, 5, 6)
COLUMNS = len(SIZES)
IMAGE = ImageShape(1, 8, 8)
NOISE = 0.1
TABLE_NEEDS = frozenset({"encoder", "factors", "grid", "labels", "peers"})


def known_subject(needs: frozenset[str], codes: Codes = "informative") -> Subject:
    """A table of codes of a full grid of three factors, or a model on as many images where a metric needs one.

    Informative codes are the factors with a little noise. Labels are the classes of the first factor.
    """
    make = table if needs <= TABLE_NEEDS else encoded
    subject = make(codes, seed=0)
    if "peers" in needs:
        subject.peers = [make(codes, seed=1)]
    return subject


def table(codes: Codes, seed: int) -> CodeTable:
    """The factors of a grid with noise of a seed, as a table; real numbers are the means of normal posteriors."""
    space = FactorSpace(("first", "second", "third"), SIZES)
    classes = space.classes(np.arange(len(space)))
    values = classes + NOISE * np.random.default_rng(seed).normal(size=classes.shape)
    if codes == "classes":
        return CodeTable(classes.astype(float), space, tuple(map(Categorical, SIZES)), labels=classes[:, 0])
    if codes != "informative":
        values[:, : 1 if codes == "one dead column" else None] = 0.5
    return CodeTable(values, space, labels=classes[:, 0], log_variance=np.full(values.shape, 2 * np.log(NOISE)))


def encoded(codes: Codes, seed: int) -> EncodedSubject:
    """A model of a seed on images of noise, which are called a grid of factors."""
    space = FactorSpace(("first", "second", "third"), SIZES)
    images = random_images(IMAGE, len(space), seed=0)
    data = ImageDataset(
        images.name, images.sha256, images.store, space, labels=space.classes(np.arange(len(space)))[:, 0]
    )
    return EncodedSubject(KnownModel(codes, seed).eval(), data)


class KnownModel(nn.Module):
    """A linear map of pixels with a Gaussian posterior, and its transpose as a generator."""

    weight: Tensor

    def __init__(self, codes: Codes, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        weight = torch.randn((IMAGE.height * IMAGE.width, COLUMNS), generator=generator) / IMAGE.width
        if codes in ("one dead column", "constant"):
            weight[:, : 1 if codes == "one dead column" else None] = 0
        self.register_buffer("weight", weight)
        self.classes = codes == "classes"
        self.code: tuple[CodeDimension, ...] = (Categorical(COLUMNS),) if self.classes else continuous(COLUMNS)
        self.prior = Prior((OneHot(COLUMNS) if self.classes else Normal(COLUMNS),))

    def _mean(self, x: Tensor) -> Tensor:
        mean: Tensor = x.flatten(1) @ self.weight
        return mean

    def encode(self, x: Tensor) -> Tensor:
        mean = self._mean(x)
        return mean.argmax(dim=1, keepdim=True).float() if self.classes else mean

    def class_probabilities(self, x: Tensor) -> tuple[Tensor, ...]:
        return (self._mean(x).softmax(dim=1),) if self.classes else ()

    def posterior(self, x: Tensor) -> Distribution:
        mean = self._mean(x)
        return NormalDistribution(mean, torch.full_like(mean, 0.5), validate_args=False)

    def generate(self, z: Tensor, draw: Draw | None = None) -> Tensor:
        return (z @ self.weight.T).sigmoid().view(-1, *IMAGE)

    def reconstruct(self, x: Tensor) -> Tensor:
        return self.generate(self._mean(x))

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        return -(self.generate(z) - x).square().flatten(1).sum(dim=1)

    def rate(self, z: Tensor) -> Tensor:
        return 0.5 * z.square()

    def lower_bound(self, z: Tensor, draw: Draw, iteration: int | None = None) -> Tensor:
        return 0.5 * (z.square() - (z - self._mean(self.generate(z))).square())
