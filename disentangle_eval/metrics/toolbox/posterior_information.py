"""The mutual information of latents and factors under the posterior itself, without bins.

I(z_j; v_k) = E[log q(z_j | v_k) - log q(z_j)], where q(z_j) is the mean of q(z_j|x) over all images, q(z_j | v_k) that
over the images of one class of factor k, and z_j is drawn from q(z_j|x) (Chen et al., 2018, section 4).
"""

from __future__ import annotations

import numpy as np
import torch

from disentangle_eval.api import Subject
from disentangle_eval.metrics.toolbox.aggregate_posterior import AggregateSample, aggregate_density, sample_aggregate
from disentangle_eval.metrics.toolbox.columns import too_large
from disentangle_eval.metrics.toolbox.posteriors import PosteriorTable, posterior_table


def posteriors_of(subject: Subject, index: np.ndarray) -> PosteriorTable:
    """The normal posteriors of images (n,): a model's own, or those of a table with `log_variance`.

    DevalError for codes that float32 cannot hold.
    """
    if "images" in subject.offered:
        return posterior_table(subject, index)
    log_variance = subject.log_variance(index)
    assert log_variance is not None  # the metric needs a posterior
    codes = subject.codes(index)
    if np.abs(codes).max() > np.finfo(np.float32).max:
        raise too_large(codes)
    return PosteriorTable(torch.from_numpy(codes.astype(np.float32)), torch.from_numpy(log_variance.astype(np.float32)))


def posterior_information(table: PosteriorTable, factors: np.ndarray, samples: int, seed: int) -> np.ndarray:
    """Posteriors of N images and their factor classes (N, F) -> the information of each pair, (Z, F) nats.

    Every pair is estimated from the same samples. Negative estimates are set to 0.
    """
    sample = sample_aggregate(table, samples, seed)
    marginal = aggregate_density(sample.z, table).marginals
    columns = [_conditional(sample, table, column) - marginal for column in factors.T]
    information = torch.stack([column.mean(dim=0) for column in columns], dim=1)
    result: np.ndarray = information.clamp(min=0).cpu().numpy()
    return result


def _conditional(sample: AggregateSample, table: PosteriorTable, classes: np.ndarray) -> torch.Tensor:
    """log q(z_j | v) of each sample, v being the class (N,) of the image it was drawn from, (S, Z) float64."""
    drawn_from = classes[sample.rows.cpu().numpy()]
    density = torch.empty(sample.z.shape, dtype=torch.float64, device=table.device)
    for one in np.unique(drawn_from):
        chosen = torch.from_numpy(np.flatnonzero(drawn_from == one)).to(table.device)
        members = torch.from_numpy(np.flatnonzero(classes == one)).to(table.device)
        density[chosen] = aggregate_density(sample.z[chosen], table[members]).marginals
    return density
