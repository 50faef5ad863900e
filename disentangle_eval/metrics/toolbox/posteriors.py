"""The normal posteriors of many images, each image encoded once, and how far they are from the prior."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, Normal, OneHotCategorical, kl_divergence

from disentangle_eval import gaussians, latents
from disentangle_eval.api import Draw, Subject
from disentangle_eval.errors import UsageError, warn
from disentangle_eval.latents import is_categorical
from disentangle_eval.metrics.toolbox.encoding import image_batches
from disentangle_eval.metrics.toolbox.faulty_outputs import faulty_output
from disentangle_eval.nn.categorical import ProductDistribution
from disentangle_eval.runtime.evaluating import evaluating

# Half the largest variance of a code whose columns are means of posteriors under a standard normal prior.
_HALF_VARIANCE_OF_MEANS = (0.05, 2.0)


@dataclass(frozen=True)
class PosteriorTable:
    """q(z|x) = N(mean, diag exp(log_variance)) of N images: (N, Z) float32 each, on the device of the model."""

    mean: Tensor
    log_variance: Tensor

    def __len__(self) -> int:
        return len(self.mean)

    @property
    def device(self) -> torch.device:
        """The device of the model."""
        return self.mean.device

    def __getitem__(self, rows: Tensor) -> PosteriorTable:
        """The posteriors of some rows (n,) int64."""
        return PosteriorTable(self.mean[rows], self.log_variance[rows])

    def sample(self, draw: Draw) -> Tensor:
        """One z of each posterior, (N, Z)."""
        return gaussians.sample(self.mean, self.log_variance, draw)

    def log_density(self, z: Tensor) -> Tensor:
        """log q(z_j|x) of one z (N, Z) per posterior, nats, (N, Z)."""
        return gaussians.log_density(z, self.mean, self.log_variance)


def posterior_of(model: Any, images: Tensor) -> Distribution:
    """q(z|x) of images (B, C, H, W); DevalError for parameters that torch refuses, as of a model that has diverged."""
    try:
        posterior: Distribution = model.posterior(images)
    except ValueError as error:
        raise faulty_output(
            model,
            "posterior",
            received="parameters that no distribution has, such as NaN",
            expected="finite numbers and variances above 0",
        ) from error
    return posterior


def posterior_table(subject: Subject, index: np.ndarray) -> PosteriorTable:
    """The posteriors of the images of `index` (n,), in that order.

    The subject has a model with a posterior, and its data. UsageError for fewer than two images and a posterior that is
    not a diagonal normal distribution, DevalError for one whose parameters are not finite.
    """
    if len(index) < 2:
        raise UsageError("posteriors", received=f"{len(index)} images", expected="at least 2")
    model = subject.model
    data = subject.data
    means, log_variances = [], []
    with evaluating(model):
        for _, images in image_batches(model, data, index):
            q = diagonal_normal(posterior_of(model, images), type(model).__name__)
            means.append(q.mean.float())
            log_variances.append(2 * q.stddev.float().log())
    table = PosteriorTable(torch.cat(means), torch.cat(log_variances))
    if not bool(table.mean.isfinite().all() & table.log_variance.isfinite().all()):
        raise faulty_output(
            model,
            "posterior",
            received="a mean or variance that is not finite, or a variance of 0",
            expected="finite numbers",
        )
    return table


def diagonal_normal(q: Distribution, model: str) -> Normal:
    """A posterior as independent normal distributions of its dimensions; UsageError where it is something else."""
    base = base_of(q)
    if not isinstance(base, Normal):
        raise UsageError(
            f"{model}.posterior",
            received=type(base).__name__,
            expected="Normal(mean, scale) with one entry per latent",
            advice="other posteriors are not supported here",
        )
    return base


def base_of(q: Distribution) -> Distribution:
    """A distribution over vectors as independent distributions of its dimensions."""
    base: Distribution = q.base_dist if isinstance(q, Independent) else q
    return base


def is_normal_around_codes(model: Any, images: Tensor) -> bool:
    """Whether the posterior of some images (B, C, H, W) is normal, dimension by dimension, and their code its mean.

    False also where the model's prior over the code is not standard normal. `model` has an encoder and a posterior.
    """
    if has_other_prior(model, len(model.code)):
        return False
    with evaluating(model):
        q, codes = base_of(posterior_of(model, images)), model.encode(images)
    return isinstance(q, Normal) and _is_mean(q, codes.float().cpu().numpy())


def mean_posterior_kl(subject: Subject, index: np.ndarray) -> np.ndarray | None:
    """KL(q(z_j|x) || p(z_j)) of each code dimension, nats, (K,), averaged over the images of `index` (n,).

    p is standard normal; of a posterior that is a product of one-hot vectors and normal dimensions it is the model's
    prior, and a one-hot vector is one dimension of the code, its most probable class.

    Of a table with `log_variance` it follows from that and the codes, the posterior's means; it is infinite for a
    column of classes. None where it is not defined: there is neither a posterior nor `log_variance`, the posterior is
    not normal or not over the code (the code is not its mean), or the prior over the code is not standard normal.
    """
    if not {"posterior", "images"} <= subject.offered:
        return _table_kl(subject, index)
    model, data = subject.model, subject.data
    if has_other_prior(model, len(subject.code)):
        return None
    total = np.zeros(len(subject.code))
    with evaluating(model):
        for batch, images in image_batches(model, data, index):
            whole = posterior_of(model, images)
            if isinstance(whole, ProductDistribution):
                kl = mean_kl(whole, getattr(model, "prior", None))
                if kl is None or not _is_code(whole, subject.codes(batch)):
                    return None
                total += len(batch) * kl.cpu().numpy()
                continue
            q = base_of(whole)
            if not isinstance(q, Normal) or not _is_mean(q, subject.codes(batch)):
                return None
            prior = Normal(torch.zeros_like(q.mean), torch.ones_like(q.mean))
            total += kl_divergence(q, prior).double().sum(dim=0).cpu().numpy()
    if np.isnan(total).any():
        raise faulty_output(model, "posterior", received="NaN", expected="numbers")
    return total / len(index)


def mean_kl(q: Distribution, prior: Any) -> Tensor | None:
    """KL(q(z_j|x) || p(z_j)) part by part, mean over the batch, (J,) nats float64; None where no closed form is known.

    Known are normal dimensions under a standard normal prior and one-hot vectors under equally likely classes.
    """
    if not isinstance(prior, latents.Prior):
        return None
    factors = list(q.parts) if isinstance(q, ProductDistribution) else [q]
    if len(factors) != len(prior.parts):
        return None
    found = []
    for factor, part in zip(factors, prior.parts, strict=True):
        base = base_of(factor)
        if isinstance(base, Normal) and isinstance(part, latents.Normal) and base.batch_shape[-1] == part.dim:
            standard = Normal(torch.zeros_like(base.mean), torch.ones_like(base.mean))
            found.append(kl_divergence(base, standard).double().mean(dim=0))
        elif (
            isinstance(base, OneHotCategorical)
            and isinstance(part, latents.OneHot)
            and base.event_shape[0] == part.classes
        ):
            found.append((math.log(part.classes) - base.entropy()).double().mean(dim=0, keepdim=True))
        else:
            return None
    return torch.cat(found)


def _table_kl(subject: Subject, index: np.ndarray) -> np.ndarray | None:
    log_variance = subject.log_variance(index)
    if log_variance is None:
        return None
    mean, log_variance = subject.codes(index).astype(np.float64), log_variance.astype(np.float64)
    with np.errstate(over="ignore"):
        divergence = 0.5 * (np.square(mean) + np.exp(log_variance) - log_variance - 1)
    return np.where(is_categorical(subject.code), np.inf, divergence.mean(axis=0))


def not_seen_to_collapse(subject: Subject, index: np.ndarray, threshold: float) -> np.ndarray | None:
    """Which columns of a table without `log_variance` may have a posterior KL of the threshold (nats) or more, (K,).

    KL(N(m, s^2) || N(0, 1)) is at least m^2 / 2, and the KL of a posterior whose mean hardly varies is as small as that
    where the codes are means of posteriors under a standard normal prior. So a column is taken to have collapsed where
    half its variance is below a tenth of the threshold. None where the largest variance is not that of such means, and
    for a model. `DevalWarning` for every table.
    """
    if "images" in subject.offered:
        return None
    half_variance = 0.5 * subject.codes(index).astype(np.float64).var(axis=0)
    real = ~np.array(is_categorical(subject.code))
    least, most = _HALF_VARIANCE_OF_MEANS
    usable = least <= half_variance[real].max(initial=0.0) <= most
    consequence = "are found by the variance of the codes alone" if usable else "cannot be found and take part"
    warn(f"no log_variance comes with the codes: dimensions collapsed to the prior {consequence}")
    return (half_variance >= 0.1 * threshold) | ~real if usable else None


def has_other_prior(model: object, dim: int) -> bool:
    """Whether the prior of a model is over a code of so many dimensions and not known to be standard normal."""
    prior = getattr(model, "prior", None)
    if getattr(prior, "dim", None) != dim:
        return False
    return not (isinstance(prior, latents.Prior) and all(isinstance(part, latents.Normal) for part in prior.parts))


def _is_code(q: ProductDistribution, codes: np.ndarray) -> bool:
    """Whether codes (B, K) are the most probable classes of one-hot parts and the means of the others."""
    columns = [
        part.probs.argmax(dim=1, keepdim=True).float() if isinstance(part, OneHotCategorical) else part.mean.float()
        for part in q.parts
    ]
    expected = torch.cat(columns, dim=1).cpu().numpy()
    return expected.shape == codes.shape and np.allclose(expected, codes, rtol=1e-3, atol=1e-3)


def _is_mean(q: Normal, codes: np.ndarray) -> bool:
    mean = q.mean.float().cpu().numpy()
    return mean.shape == codes.shape and np.allclose(mean, codes, rtol=1e-3, atol=1e-3)
