"""Mutual information of factors and code dimensions with a normal posterior, from its mass in bins.

Do & Tran (2020), "Theory and Evaluation Metrics for Learning Disentangled Representations", section 4 and appendix.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from scipy.sparse import csr_array

from disentangle_eval.api import Subject
from disentangle_eval.errors import UsageError
from disentangle_eval.latents import Categorical
from disentangle_eval.metrics.toolbox.information_table import InformationTable, varying_factors_of
from disentangle_eval.metrics.toolbox.samples import Samples

# The authors': the least standard deviation and its square, and the density below which a posterior is a point.
_LEAST = 1e-8
_POINT = 1e-5


def posterior_information_table(
    subject: Subject, samples: Samples, deviations: np.ndarray | None, seed: int, bins: int, limit: float
) -> InformationTable:
    """The table of some images whose code dimensions are normal distributions, in `bins` from -`limit` to `limit`.

    The codes are the means, and `deviations` (N, K) the standard deviations; without them, and in columns of classes,
    every code is a point. Factors that do not vary are left out; UsageError where none varies.
    """
    factors, names = varying_factors_of(subject, samples)
    masses: list[np.ndarray | csr_array] = []
    for j, dimension in enumerate(subject.code):
        column = samples.codes[:, j].astype(np.float64)
        if isinstance(dimension, Categorical):
            masses.append(_one_hot(column.astype(np.int64), dimension.classes))
        else:
            masses.append(bin_masses(column, None if deviations is None else deviations[:, j], bins, limit))
    code_entropy = np.array([_entropy(mass.sum(axis=0) / len(factors)) for mass in masses])
    informed = partial(information_of_masses, masses)
    return InformationTable(factors, names, code_entropy, informed, samples.images, seed)


def code_deviations(subject: Subject, index: np.ndarray) -> np.ndarray | None:
    """The standard deviations of the posteriors of `code_log_variance`, (n, K) float64, None where there are none."""
    log_variance = code_log_variance(subject, index)
    return None if log_variance is None else np.exp(0.5 * log_variance.astype(np.float64))


def code_log_variance(subject: Subject, index: np.ndarray) -> np.ndarray | None:
    """The log variances of the normal posteriors whose means are the codes of images (n,), (n, K).

    Of a table its own; None for a table without any, and for a model whose posterior is not normal or not over its
    code.
    """
    log_variance = subject.log_variance(index)
    if log_variance is not None or "posterior" not in subject.offered:
        return log_variance
    # Only posteriors need torch.
    from disentangle_eval.metrics.toolbox.posteriors import posterior_table

    images, place = np.unique(index, return_inverse=True)
    try:
        table = posterior_table(subject, images)
    except UsageError:
        return None
    mean = table.mean.cpu().numpy()
    codes = subject.codes(images)
    if mean.shape != codes.shape or not np.allclose(mean, codes, rtol=1e-3, atol=1e-3):
        return None
    return table.log_variance.cpu().numpy()[place]


def bin_masses(mean: np.ndarray, deviation: np.ndarray | None, bins: int, limit: float) -> np.ndarray:
    """Normal distributions (N,) -> the share of each in `bins` of equal width from -`limit` to `limit`, (N, bins).

    The density at a bin's centre, divided by the sum over bins. A distribution with no density at any centre, and one
    without a deviation, is in the bin of its mean, or the nearest.
    """
    edges = np.linspace(-limit, limit, bins + 1)
    place = np.clip(np.searchsorted(edges, mean, side="right") - 1, 0, bins - 1)
    point = np.eye(bins)[place]
    if deviation is None:
        return point
    centres = (edges[1:] + edges[:-1]) / 2
    squared = np.maximum(np.square(deviation), _LEAST)[:, None]
    with np.errstate(over="ignore"):
        density = np.exp(-np.square(centres - mean[:, None]) / (2 * squared))
    density /= np.maximum(deviation, _LEAST)[:, None] * np.sqrt(2 * np.pi)
    mass = density * (edges[1] - edges[0])
    mass /= np.maximum(mass.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
    # A posterior so wide that its peak is below it is no point.
    narrow = (deviation < 1 / (_POINT * np.sqrt(2 * np.pi)))[:, None]
    return np.where(narrow & (density.max(axis=1, keepdims=True) < _POINT), point, mass)


def _one_hot(column: np.ndarray, classes: int) -> csr_array:
    """Classes (N,) -> (N, classes), without the zeros: a code may have many columns of many classes."""
    return csr_array((np.ones(len(column)), column, np.arange(len(column) + 1)), shape=(len(column), classes))


def information_of_masses(masses: Sequence[np.ndarray | csr_array], factors: np.ndarray) -> np.ndarray:
    """K tables of masses (N, bins), and factor classes (N, F) -> the mutual information of each pair, (K, F) nats."""
    one_hot = [np.eye(column.max() + 1)[column] for column in factors.T]
    parts = np.cumsum([classes.shape[1] for classes in one_hot])[:-1]
    columns = np.hstack(one_hot)
    joints = [np.split(mass.T @ columns / len(factors), parts, axis=1) for mass in masses]
    return np.array([[_information(joint) for joint in row] for row in joints])


def _information(joint: np.ndarray) -> float:
    """Probabilities (A, B) of pairs -> nats."""
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    ratio = np.divide(joint, independent, out=np.ones_like(joint), where=joint > 0)
    return max(0.0, float((joint * np.log(ratio)).sum()))


def _entropy(share: np.ndarray) -> float:
    share = share[share > 0]
    return float(-(share * np.log(share)).sum()) + 0.0
