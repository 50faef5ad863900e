"""The Fréchet distance between two sets of features, each taken for a sample of a normal distribution.

|m1 - m2|^2 + tr S1 + tr S2 - 2 tr (S1 S2)^(1/2), with S the unbiased covariances (Dowson & Landau, 1982; Heusel et al.,
2017). All in float64.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

_BLOCK = 4096


@dataclass(frozen=True)
class Gaussian:
    """The normal distribution fitted to `count` features: `mean` (D,) and `covariance` (D, D), float64."""

    count: int
    mean: Tensor
    covariance: Tensor


@dataclass(frozen=True)
class FrechetDistance:
    """`mean_term` + `covariance_term`; `root` says how the trace of the covariances' root was found."""

    mean_term: float
    covariance_term: float
    root: str

    @property
    def value(self) -> float:
        return self.mean_term + self.covariance_term


def fit(features: np.ndarray, device: torch.device) -> Gaussian:
    """The normal distribution of features (N, D), N of at least 2, block by block so that N may be large."""
    mean = _mean(features, device)
    covariance = torch.zeros(len(mean), len(mean), dtype=torch.float64, device=device)
    for block in _blocks(features, device):
        covariance.addmm_((block - mean).T, block - mean)
    return Gaussian(len(features), mean, covariance / (len(features) - 1))


def distance_between_gaussians(one: Gaussian, other: Gaussian) -> FrechetDistance:
    """With F F^T the larger sample's covariance, S1 S2 has the eigenvalues of the symmetric F^T S F.

    F is its Cholesky factor, or where it is singular (a feature that is constant) comes from its eigenvectors.
    """
    larger, smaller = (one, other) if one.count >= other.count else (other, one)
    factor, singular = torch.linalg.cholesky_ex(larger.covariance)
    root = "Cholesky factor of one covariance"
    if singular:
        eigenvalues, eigenvectors = torch.linalg.eigh(larger.covariance)
        factor = eigenvectors * eigenvalues.clamp(min=0).sqrt()
        root = "eigenvectors of one covariance"
    trace = torch.linalg.eigvalsh(factor.T @ smaller.covariance @ factor).clamp(min=0).sqrt().sum()
    traces = one.covariance.trace() + other.covariance.trace()
    return _distance(one.mean - other.mean, traces, trace, root)


def distance_between_samples(one: np.ndarray, other: np.ndarray, device: torch.device) -> FrechetDistance:
    """The same from features (N, D) and (M, D), faster where neither N nor M exceeds D and no covariance has full rank.

    With A and B the centred features over the root of their number less one, tr (S1 S2)^(1/2) is the sum of the
    singular values of A B^T.
    """
    means = [_mean(features, device) for features in (one, other)]
    centred = [
        (torch.as_tensor(features, device=device).double() - mean) / (len(features) - 1) ** 0.5
        for features, mean in zip((one, other), means, strict=True)
    ]
    traces = centred[0].square().sum() + centred[1].square().sum()
    trace = torch.linalg.svdvals(centred[0] @ centred[1].T).sum()
    return _distance(means[0] - means[1], traces, trace, "singular values of the samples' product")


def _distance(difference: Tensor, traces: Tensor, trace_of_root: Tensor, root: str) -> FrechetDistance:
    return FrechetDistance(float(difference.square().sum()), float(traces - 2 * trace_of_root), root)


def _mean(features: np.ndarray, device: torch.device) -> Tensor:
    total = sum(block.sum(dim=0) for block in _blocks(features, device))
    return torch.as_tensor(total / len(features))


def _blocks(features: np.ndarray, device: torch.device) -> Iterator[Tensor]:
    """Rows in float64, a few at a time."""
    for start in range(0, len(features), _BLOCK):
        yield torch.as_tensor(features[start : start + _BLOCK], device=device).double()
