"""The total correlation of the aggregate posterior, KL(q(z) || prod_j q(z_j)), by one of three estimators."""

from __future__ import annotations

from typing import Any

import numpy as np

from disentangle_eval.api import Metric, Scores, Subject
from disentangle_eval.errors import DevalError
from disentangle_eval.metrics.independence.config import TotalCorrelationConfig
from disentangle_eval.metrics.independence.density_ratio import build_discriminator, ratio, train
from disentangle_eval.metrics.toolbox.aggregate_posterior import aggregate_density, sample_aggregate
from disentangle_eval.metrics.toolbox.posteriors import PosteriorTable, posterior_table
from disentangle_eval.metrics.toolbox.samples import random_images
from disentangle_eval.metrics.toolbox.statistics import gaussian_total_correlation, mean_and_error


class TotalCorrelationMetric(Metric[TotalCorrelationConfig]):
    """Scores 0 nats for latents that are independent of each other, and more the more they tell of each other.

    Values: `value`; `num_images`, how many entered. The large-sample estimate and the discriminator's have a
    `standard_error`, from their samples alone; the discriminator also its `accuracy` on fresh samples; the Gaussian
    `num_active_dims` and `active_dims`, the latents that took part. Samples can put an estimate of 0 below it.

    UsageError where the posterior is not normal; DevalError where latents determine each other or are not finite.
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        cfg = self.cfg
        data = subject.data
        table = posterior_table(subject, random_images(len(data), cfg.num_images, seed))
        if cfg.estimator == "gaussian":
            values = gaussian(table.mean.cpu().double().numpy(), cfg.least_variance)
        else:
            values = (large_sample if cfg.estimator == "large-sample" else discriminated)(table, cfg, seed)
        return Scores({**values, "num_images": len(table)})


def large_sample(table: PosteriorTable, cfg: TotalCorrelationConfig, seed: int) -> dict[str, Any]:
    """The mean of log q(z) - sum_j log q(z_j), q(z) being made of all posteriors of the table."""
    sample = sample_aggregate(table, cfg.num_samples, seed)
    value, error = mean_and_error(aggregate_density(sample.z, table).total_correlation)
    return {"value": value, "standard_error": error}


def gaussian(means: np.ndarray, least_variance: float) -> dict[str, Any]:
    """That of a normal distribution with the covariance of the posterior means (N, Z), collapsed latents left out."""
    active = np.flatnonzero(means.var(axis=0, ddof=1) > least_variance)
    covariance = np.atleast_2d(np.cov(means[:, active], rowvar=False))
    value = gaussian_total_correlation(covariance) if len(active) > 1 else 0.0
    return {"value": value, "num_active_dims": len(active), "active_dims": active.tolist()}


def discriminated(table: PosteriorTable, cfg: TotalCorrelationConfig, seed: int) -> dict[str, Any]:
    """The mean of the density ratio that a classifier of fresh and permuted samples has learnt."""
    discriminator = build_discriminator(table.mean.shape[1], cfg.width, cfg.layers, seed, table.device)
    train(discriminator, table, cfg.iterations, cfg.batch_size, cfg.learning_rate, seed)
    found = ratio(discriminator, table, cfg.num_samples, seed)
    value, error = mean_and_error(found.of_joint)
    if not np.isfinite(value):
        raise DevalError(
            "discriminator",
            received="logits that are not finite",
            expected="numbers",
            advice="lower --set learning_rate",
        )
    return {"value": value, "standard_error": error, "accuracy": found.accuracy}
