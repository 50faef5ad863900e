"""The decomposition of the ELBO (Chen et al., 2018, "Isolating Sources of Disentanglement in VAEs", equation 2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from disentangle_eval import gaussians
from disentangle_eval.api import Dataset, Metric, Scores, Subject
from disentangle_eval.errors import UsageError
from disentangle_eval.latents import Normal, Prior
from disentangle_eval.metrics.information.config import ELBODecompositionConfig
from disentangle_eval.metrics.toolbox.aggregate_posterior import (
    AggregateDensity,
    AggregateSample,
    aggregate_density,
    sample_aggregate,
)
from disentangle_eval.metrics.toolbox.encoding import image_batches
from disentangle_eval.metrics.toolbox.faulty_outputs import faulty_output
from disentangle_eval.metrics.toolbox.posterior_parts import (
    first_posterior,
    is_normal,
    posterior_batches,
    prior_by_part,
)
from disentangle_eval.metrics.toolbox.posteriors import posterior_table
from disentangle_eval.metrics.toolbox.samples import random_images
from disentangle_eval.metrics.toolbox.statistics import mean_and_error
from disentangle_eval.runtime.evaluating import evaluating


class ELBODecompositionMetric(Metric[ELBODecompositionConfig]):
    """ELBO = E[log p(x|z)] - mutual information - total correlation - dimension-wise KL, nats per image.

    Values: `value`, the ELBO; `log_likelihood`, E[log p(x|z)]; `mutual_information` of image and latent under q, at
    most `mutual_information_ceiling`, the logarithm of the number of images; `total_correlation` of q(z);
    `dimension_wise_kl`, sum_j KL(q(z_j) || p(z_j)), and `dimension_wise_kl_by_dimension`; each of these means of
    samples with its `_standard_error`. `kl` is the sum of the three parts on the same samples, `exact_kl` the mean of
    KL(q(z|x) || p(z)) in closed form over all images; `num_images`, how many q(z) is made of.

    A posterior that is not normal is taken by its own `sample` and `log_prob`, a prior by its own `log_prob`. The
    dimensions are then the independent parts of the posterior, such as one-hot vectors. Values that are not known are
    None: `dimension_wise_kl_by_dimension` where the prior has other parts, `exact_kl` where there is no closed form.

    UsageError for a prior without density where the posterior has some; DevalError for densities that are not finite.
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        model = subject.model
        data = subject.data
        index = random_images(len(data), self.cfg.num_images, seed)
        normal = is_normal(first_posterior(subject)) and _is_normal_prior(model.prior)
        found = (_normal if normal else _any)(subject, index, self.cfg.num_samples, seed)

        density = found.density
        log_likelihood = log_likelihoods(model, data, index, found.sample)
        kl = found.posterior - found.prior
        if not bool(kl.isfinite().all()):
            raise faulty_output(
                model,
                "posterior",
                received="log densities that are not finite in float32",
                expected="variances of a usual size",
            )
        means = {
            "value": log_likelihood - kl,
            "log_likelihood": log_likelihood,
            "mutual_information": found.posterior - density.joint,
            "total_correlation": density.total_correlation,
            "dimension_wise_kl": found.dimension_wise_kl,
            "kl": kl,
        }
        values: dict[str, Any] = {}
        for name, samples in means.items():
            error = "standard_error" if name == "value" else f"{name}_standard_error"
            values[name], values[error] = mean_and_error(samples)
        by_dimension = found.by_dimension
        values |= {
            "dimension_wise_kl_by_dimension": None if by_dimension is None else by_dimension.mean(dim=0).tolist(),
            "exact_kl": found.exact_kl,
            "mutual_information_ceiling": float(np.log(len(index))),
            "num_images": len(index),
        }
        return Scores(values, counts={"num_samples": len(found.sample.z), "num_images": len(index)})


@dataclass(frozen=True)
class Sampled:
    """Samples of q(z) with their densities: log q(z|x) and log p(z), (S,) nats float64, and those of q(z).

    `by_dimension` (S, J) is log q(z_j) - log p(z_j) of each part of the latent and `dimension_wise_kl` (S,) their sum;
    `exact_kl` is the mean KL of a posterior to the prior.
    """

    sample: AggregateSample
    density: AggregateDensity
    posterior: Tensor
    prior: Tensor
    dimension_wise_kl: Tensor
    by_dimension: Tensor | None
    exact_kl: float | None


def _normal(subject: Subject, index: np.ndarray, samples: int, seed: int) -> Sampled:
    """Of normal posteriors under a standard normal prior."""
    table = posterior_table(subject, index)
    sample = sample_aggregate(table, samples, seed)
    density = aggregate_density(sample.z, table)
    prior = gaussians.standard_log_density(sample.z).double()
    by_dimension = density.marginals - prior
    exact = gaussians.kl_to_standard(table.mean, table.log_variance)
    return Sampled(
        sample=sample,
        density=density,
        posterior=table[sample.rows].log_density(sample.z).double().sum(dim=1),
        prior=prior.sum(dim=1),
        dimension_wise_kl=by_dimension.sum(dim=1),
        by_dimension=by_dimension,
        exact_kl=float(exact.sum(dim=1, dtype=torch.float64).mean()),
    )


def _any(subject: Subject, index: np.ndarray, samples: int, seed: int) -> Sampled:
    """Of posteriors and a prior of any kind."""
    prior = subject.model.prior
    table = posterior_batches(subject, index)
    sample, posterior = table.sample(samples, seed)
    density = table.density(sample.z)
    log_prior = prior.log_prob(sample.z.double())
    if not bool(log_prior.isfinite().all()):
        raise UsageError(
            "elbo-decomposition",
            received=f"a prior with {' and '.join(map(str, prior.parts)) if isinstance(prior, Prior) else prior}",
            expected="a density wherever the posterior has one, as the KL is infinite otherwise",
        )
    by_part = prior_by_part(prior, sample.z.double(), table.widths)
    return Sampled(
        sample=sample,
        density=density,
        posterior=posterior,
        prior=log_prior,
        dimension_wise_kl=density.marginals.sum(dim=1) - log_prior,
        by_dimension=None if by_part is None else density.marginals - by_part,
        exact_kl=table.mean_kl(prior),
    )


def log_likelihoods(model: Any, data: Dataset, index: np.ndarray, sample: AggregateSample) -> Tensor:
    """log p(x|z) of each sample (S,) and the image it was drawn for, a row of `index`: nats, float64.

    DevalError where one is not finite.
    """
    images = index[sample.rows.cpu().numpy()]
    found, done = [], 0
    with evaluating(model):
        for batch, x in image_batches(model, data, images):
            found.append(model.log_likelihood(x, sample.z[done : done + len(batch)]).double())
            done += len(batch)
    densities = torch.cat(found)
    if not bool(densities.isfinite().all()):
        raise faulty_output(model, "log_likelihood", received="NaN or infinity", expected="finite numbers")
    return densities


def _is_normal_prior(prior: Any) -> bool:
    return isinstance(prior, Prior) and all(isinstance(part, Normal) for part in prior.parts)
