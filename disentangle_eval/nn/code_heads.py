"""The code in a generator's input, and the information of images about it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from disentangle_eval.gaussians import log_density
from disentangle_eval.latents import Categorical, CodeDimension, Normal, OneHot, Part, Prior, Uniform, continuous


class Reading(NamedTuple):
    """Q(c|x): class logits (B, n, K); mean and log variance of the continuous codes, each (B, C)."""

    logits: Tensor
    mean: Tensor
    log_variance: Tensor


class LowerBounds(NamedTuple):
    """E[log Q(c|x)] + H(c) of each categorical code (n,) and each continuous code (C,), nats.

    Before the expectation, one row per image: (B, n) and (B, C).
    """

    categorical: Tensor
    continuous: Tensor


@dataclass(frozen=True)
class Codes:
    """A generator's input: `categorical` one-hot codes, `continuous` codes uniform on (-1, 1), and noise.

    As a latent these are concatenated in this order, (B, Z). As a code, (B, K), the noise is left out and every
    categorical code is one column with its class index. ValueError where there is no code at all.
    """

    categorical: int
    classes: int
    continuous: int
    noise_dim: int
    noise_prior: Literal["uniform", "normal"] = "uniform"

    def __post_init__(self) -> None:
        if self.categorical + self.continuous == 0:
            raise ValueError("received 0 categorical and 0 continuous codes, expected at least one code")

    @property
    def prior(self) -> Prior:
        """The distribution of a latent (B, Z)."""
        parts: list[Part] = [OneHot(self.classes)] * self.categorical
        if self.continuous:
            parts.append(Uniform(self.continuous))
        if self.noise_dim:
            parts.append(Uniform(self.noise_dim) if self.noise_prior == "uniform" else Normal(self.noise_dim))
        return Prior(tuple(parts))

    @property
    def dimensions(self) -> tuple[CodeDimension, ...]:
        """What each of the K columns of a code is: the categorical codes, then the continuous ones."""
        return (Categorical(self.classes),) * self.categorical + continuous(self.continuous)

    @property
    def entropy(self) -> float:
        """H(c) of all codes, nats; differential entropy for the continuous ones."""
        return self.categorical * math.log(self.classes) + self.continuous * math.log(2)

    def split(self, latent: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, Z) -> one-hot codes (B, n, K), continuous codes (B, C), noise."""
        hot, values, noise = latent.split(
            [self.categorical * self.classes, self.continuous, latent.shape[1] - self._width], dim=1
        )
        return hot.reshape(latent.shape[0], self.categorical, self.classes), values, noise

    def latent(self, code: Tensor, noise: Tensor) -> Tensor:
        """(B, K) and noise -> (B, Z)."""
        classes, values = code.split([self.categorical, self.continuous], dim=1)
        hot = one_hot(classes.round().long(), self.classes).flatten(1).to(code.dtype)
        return torch.cat([hot, values, noise], dim=1)

    def read(self, outputs: Tensor) -> Reading:
        """Q's outputs (B, `outputs`) -> Q(c|x). The standard deviation is 1 if Q has no outputs for it."""
        size = self.categorical * self.classes
        logits, values = outputs[:, :size], outputs[:, size:]
        mean, log_variance = values[:, : self.continuous], values[:, self.continuous :]
        if log_variance.shape[1] == 0:
            log_variance = torch.zeros_like(mean)
        return Reading(logits.reshape(outputs.shape[0], self.categorical, self.classes), mean, log_variance)

    def outputs(self, std: Literal["fixed", "learned"]) -> int:
        """Number of Q's outputs."""
        return self._width + (self.continuous if std == "learned" else 0)

    def encode(self, reading: Reading) -> Tensor:
        """Most probable classes and means, (B, K)."""
        return torch.cat([reading.logits.argmax(dim=2).to(reading.mean.dtype), reading.mean], dim=1)

    def class_probabilities(self, reading: Reading) -> tuple[Tensor, ...]:
        """Q(c|x) of each categorical code, (B, classes) each."""
        return reading.logits.softmax(dim=2).unbind(dim=1)

    def lower_bounds(self, latent: Tensor, reading: Reading) -> LowerBounds:
        """L_I (InfoGAN, equation 4) code by code, averaged over the batch.

        H(c) is log K of a categorical code and log 2, the entropy of U(-1, 1), of a continuous one.
        """
        return LowerBounds(*(bounds.mean(dim=0) for bounds in self.lower_bounds_of_each(latent, reading)))

    def lower_bounds_of_each(self, latent: Tensor, reading: Reading) -> LowerBounds:
        """The integrand of L_I image by image and code by code: (B, n) and (B, C)."""
        hot, values, _ = self.split(latent)
        return LowerBounds(
            categorical=(hot * reading.logits.log_softmax(dim=2)).sum(dim=2) + math.log(self.classes),
            continuous=log_density(values, reading.mean, reading.log_variance) + math.log(2),
        )

    def information(self, latent: Tensor, reading: Reading) -> Tensor:
        """The information of Q's class probabilities and means about each code, (K,) nats, at least 0.

        A lower bound on the mutual information: that of `lower_bounds`, but with the standard deviation of the
        continuous codes that fits this batch best.
        """
        error = (self.split(latent)[1] - reading.mean).square().mean(dim=0).clamp(min=1e-12)
        fitted = reading._replace(log_variance=error.log().expand_as(reading.mean))
        return torch.cat(self.lower_bounds(latent, fitted)).clamp(min=0)

    @property
    def _width(self) -> int:
        return self.categorical * self.classes + self.continuous


def bound_terms(codes: Codes, bounds: LowerBounds) -> dict[str, Tensor]:
    """The terms of L_I in the log: `lower_bound`, and its part on each kind of code there is."""
    terms = {"lower_bound": bounds.categorical.sum() + bounds.continuous.sum()}
    if codes.categorical:
        terms["lower_bound_categorical"] = bounds.categorical.sum()
    if codes.continuous:
        terms["lower_bound_continuous"] = bounds.continuous.sum()
    return terms
