"""How far each dimension of a model's posterior is from the prior."""

from __future__ import annotations

import numpy as np
import torch
from torch.distributions import Distribution, Independent, Normal, kl_divergence

from disentangle_eval import latents
from disentangle_eval.api import Posterior, Subject
from disentangle_eval.errors import DevalError
from disentangle_eval.metrics.toolbox.encoding import image_batches
from disentangle_eval.runtime.evaluating import evaluating


def mean_posterior_kl(subject: Subject, index: np.ndarray) -> np.ndarray | None:
    """KL(q(z_j|x) || N(0, 1)) of each code dimension, nats, (K,), averaged over the images of `index` (n,).

    None where that is not defined: there is no model, its posterior is not normal or not over its code (the code is
    not the posterior's mean), or its prior over the code is not standard normal.
    """
    model, data = subject.model, subject.data
    if data is None or not isinstance(model, Posterior) or _has_other_prior(model, len(subject.code)):
        return None
    total = np.zeros(len(subject.code))
    with evaluating(model):
        for batch, images in image_batches(model, data, index):
            q = _columns(model.posterior(images))
            if q is None or not _is_mean(q, subject.codes(batch)):
                return None
            prior = Normal(torch.zeros_like(q.mean), torch.ones_like(q.mean))
            total += kl_divergence(q, prior).double().sum(dim=0).cpu().numpy()
    if np.isnan(total).any():
        name = type(model).__name__
        raise DevalError(f"{name}.posterior: received NaN, expected numbers; score an earlier checkpoint of the run")
    return total / len(index)


def _has_other_prior(model: object, dim: int) -> bool:
    prior = getattr(model, "prior", None)
    if not isinstance(prior, latents.Prior) or prior.dim != dim:
        return False
    return not all(isinstance(part, latents.Normal) for part in prior.parts)


def _columns(q: Distribution) -> Normal | None:
    base = q.base_dist if isinstance(q, Independent) else q
    return base if isinstance(base, Normal) else None


def _is_mean(q: Normal, codes: np.ndarray) -> bool:
    mean = q.mean.float().cpu().numpy()
    return mean.shape == codes.shape and np.allclose(mean, codes, rtol=1e-3, atol=1e-3)
