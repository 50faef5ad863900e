"""The total correlation of the aggregate posterior, KL(q(z) || prod_j q(z_j)), by one of three estimators."""

from __future__ import annotations

from typing import Any

import numpy as np

from disentangle_eval.api import Metric, Scores, Subject
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.metrics.independence.config import TotalCorrelationConfig
from disentangle_eval.metrics.independence.density_ratio import DensityRatio, build_discriminator, ratio, train
from disentangle_eval.metrics.toolbox.aggregate_posterior import aggregate_density, sample_aggregate
from disentangle_eval.metrics.toolbox.posterior_parts import first_posterior, is_normal, posterior_batches
from disentangle_eval.metrics.toolbox.posteriors import PosteriorTable, posterior_table
from disentangle_eval.metrics.toolbox.samples import random_images
from disentangle_eval.metrics.toolbox.statistics import gaussian_total_correlation, mean_and_error
from disentangle_eval.runtime.draws import stream_seed


class TotalCorrelationMetric(Metric[TotalCorrelationConfig]):
    """Scores 0 nats for latents that are independent of each other, and more the more they depend on each other.

    Values: `value`; `num_images`, how many entered. The large-sample estimate has a `standard_error`, from its samples.
    The discriminator's value is the plug-in estimate, E[T] of the learnt log ratio T, no bound; `donsker_varadhan` is
    E[T] - log E[exp T], a lower bound in the limit of many samples, biased upwards before; both are means over
    trainings, with a `standard_error` from their spread and each training's in `by_training`; `accuracy` is on fresh
    samples. The Gaussian has `num_active_dims` and `active_dims`, the latents that took part. An estimate can be
    negative, by the error of its samples.

    Of a posterior that is not normal the large-sample estimate takes the independent parts, by their own `sample` and
    `log_prob`. UsageError for one part alone, and by the other estimators for any such posterior; DevalError where
    latents determine each other or are not finite.
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        cfg = self.cfg
        data = subject.data
        index = random_images(len(data), cfg.num_images, seed)
        if cfg.estimator == "large-sample" and not is_normal(first_posterior(subject)):
            counts = {"num_samples": cfg.num_samples, "num_images": len(index)}
            return Scores({**of_parts(subject, index, cfg, seed), "num_images": len(index)}, counts=counts)
        table = posterior_table(subject, index)
        if cfg.estimator == "gaussian":
            values = gaussian(table.mean.cpu().double().numpy(), cfg.least_variance)
        else:
            values = (large_sample if cfg.estimator == "large-sample" else discriminated)(table, cfg, seed)
        counts = {"num_images": len(table)}
        if cfg.estimator != "gaussian":
            counts["num_samples"] = cfg.num_samples
        return Scores({**values, "num_images": len(table)}, counts=counts)


def large_sample(table: PosteriorTable, cfg: TotalCorrelationConfig, seed: int) -> dict[str, Any]:
    """The mean of log q(z) - sum_j log q(z_j), q(z) being made of all posteriors of the table."""
    sample = sample_aggregate(table, cfg.num_samples, seed)
    value, error = mean_and_error(aggregate_density(sample.z, table).total_correlation)
    return {"value": value, "standard_error": error}


def of_parts(subject: Subject, index: np.ndarray, cfg: TotalCorrelationConfig, seed: int) -> dict[str, Any]:
    """The same of posteriors of another kind, z_j being their independent parts."""
    table = posterior_batches(subject, index)
    if len(table.widths) == 1:
        raise UsageError(
            f"{type(subject.model).__name__}.posterior",
            received=type(table.batches[0]).__name__,
            expected="a posterior of two independent parts or more",
            advice="return a ProductDistribution, or Independent(..., 1), where there are some",
        )
    sample, _ = table.sample(cfg.num_samples, seed)
    value, error = mean_and_error(table.density(sample.z).total_correlation)
    return {"value": value, "standard_error": error}


def gaussian(means: np.ndarray, least_variance: float) -> dict[str, Any]:
    """That of a normal distribution with the covariance of the posterior means (N, Z), collapsed latents left out."""
    active = np.flatnonzero(means.var(axis=0, ddof=1) > least_variance)
    covariance = np.atleast_2d(np.cov(means[:, active], rowvar=False))
    value = max(0.0, gaussian_total_correlation(covariance)) if len(active) > 1 else 0.0
    return {"value": value, "num_active_dims": len(active), "active_dims": active.tolist()}


def discriminated(table: PosteriorTable, cfg: TotalCorrelationConfig, seed: int) -> dict[str, Any]:
    """Both estimates by the density ratios of classifiers of fresh and permuted samples, trained independently."""
    seeds = [seed, *(stream_seed(seed, "tc", "training", k) for k in range(1, cfg.trainings))]
    ratios = [_trained_ratio(table, cfg, one) for one in seeds]
    plug_in = [one.plug_in for one in ratios]
    bounds = [one.donsker_varadhan for one in ratios]
    if not np.isfinite([*plug_in, *bounds]).all():
        raise DevalError(
            "discriminator",
            received="logits that are not finite",
            expected="numbers",
            advice="lower --set learning_rate",
        )
    return {
        "value": float(np.mean(plug_in)),
        "standard_error": _standard_error(plug_in),
        "donsker_varadhan": float(np.mean(bounds)),
        "donsker_varadhan_standard_error": _standard_error(bounds),
        "by_training": plug_in,
        "donsker_varadhan_by_training": bounds,
        "accuracy": float(np.mean([one.accuracy for one in ratios])),
    }


def _trained_ratio(table: PosteriorTable, cfg: TotalCorrelationConfig, seed: int) -> DensityRatio:
    discriminator = build_discriminator(table.mean.shape[1], cfg.width, cfg.layers, seed, table.device)
    train(discriminator, table, cfg.iterations, cfg.batch_size, cfg.learning_rate, seed)
    return ratio(discriminator, table, cfg.num_samples, seed)


def _standard_error(trainings: list[float]) -> float | None:
    """Of the mean over trainings, which samples and what was learnt enter; None for a single one."""
    return float(np.std(trainings, ddof=1) / len(trainings) ** 0.5) if len(trainings) > 1 else None
