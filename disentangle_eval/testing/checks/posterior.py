"""The posterior over the latent of an image."""

from __future__ import annotations

import torch
from torch.distributions import Distribution

from disentangle_eval.api import Posterior
from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.testing.checks.construction import check_construction
from disentangle_eval.testing.checks.offers import N, images, offered
from disentangle_eval.testing.expect import expect_floats
from disentangle_eval.testing.failure import ConformanceFailure
from disentangle_eval.testing.verdict import rests_on


def check_posterior(candidate: Candidate) -> None:
    """`posterior` gives a distribution of batch shape (B, Z), or batch shape (B,) and event shape (Z,)."""
    rests_on(candidate, check_construction)
    check = "posterior"
    model: Posterior = offered(candidate, Posterior)
    with torch.no_grad():
        posterior = model.posterior(images(candidate))
    if not isinstance(posterior, Distribution):
        raise ConformanceFailure(
            check, type(posterior).__name__, "a torch.distributions.Distribution", "return such as Normal(mean, scale)"
        )
    batch, event = tuple(posterior.batch_shape), tuple(posterior.event_shape)
    if (len(batch), len(event)) not in {(2, 0), (1, 1)} or batch[0] != N:
        raise ConformanceFailure(
            check,
            f"batch shape {batch} and event shape {event} for {N} images",
            f"batch shape ({N}, Z), or batch shape ({N},) and event shape (Z,)",
            "flatten the parameters to (B, Z)",
        )
    with torch.no_grad():
        mean = posterior.mean
    expect_floats(check, "the posterior's mean", mean, (N, "Z"))
