"""The decomposition of the ELBO (Chen et al., 2018, "Isolating Sources of Disentanglement in VAEs", equation 2)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from disentangle_eval import gaussians
from disentangle_eval.api import Dataset, Metric, Scores, Subject
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.latents import Normal
from disentangle_eval.metrics.information.config import ELBODecompositionConfig
from disentangle_eval.metrics.toolbox.aggregate_posterior import AggregateSample, aggregate_density, sample_aggregate
from disentangle_eval.metrics.toolbox.encoding import image_batches
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

    UsageError where posterior or prior are not normal; DevalError for densities that are not finite.
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        model = subject.model
        data = subject.data
        _refuse_other_priors(model)
        index = random_images(len(data), self.cfg.num_images, seed)
        table = posterior_table(subject, index)
        sample = sample_aggregate(table, self.cfg.num_samples, seed)

        density = aggregate_density(sample.z, table)
        posterior = table[sample.rows].log_density(sample.z).double()
        prior = gaussians.standard_log_density(sample.z).double()
        by_dimension = density.marginals - prior
        log_likelihood = log_likelihoods(model, data, index, sample)
        kl = posterior.sum(dim=1) - prior.sum(dim=1)
        means = {
            "value": log_likelihood - kl,
            "log_likelihood": log_likelihood,
            "mutual_information": posterior.sum(dim=1) - density.joint,
            "total_correlation": density.total_correlation,
            "dimension_wise_kl": by_dimension.sum(dim=1),
            "kl": kl,
        }
        values: dict[str, Any] = {}
        for name, samples in means.items():
            error = "standard_error" if name == "value" else f"{name}_standard_error"
            values[name], values[error] = mean_and_error(samples)
        exact = gaussians.kl_to_standard(table.mean, table.log_variance)
        values |= {
            "dimension_wise_kl_by_dimension": by_dimension.mean(dim=0).tolist(),
            "exact_kl": float(exact.sum(dim=1, dtype=torch.float64).mean()),
            "mutual_information_ceiling": float(np.log(len(table))),
            "num_images": len(table),
        }
        return Scores(values, counts={"num_samples": len(sample.z), "num_images": len(table)})


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
        raise DevalError(
            f"{type(model).__name__}.log_likelihood",
            received="NaN or infinity",
            expected="finite numbers",
            advice="score an earlier checkpoint of the run",
        )
    return densities


def _refuse_other_priors(model: Any) -> None:
    if others := [part for part in model.prior.parts if not isinstance(part, Normal)]:
        raise UsageError(
            "elbo-decomposition",
            received=f"a prior with {others[0]}",
            expected="normal latents alone, as to any other the KL of a normal posterior is infinite or undefined",
        )
