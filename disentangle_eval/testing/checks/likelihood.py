"""The density over images given their latents."""

from __future__ import annotations

import torch

from disentangle_eval.api import Likelihood, Posterior
from disentangle_eval.runtime.draws import GeneratorDraw
from disentangle_eval.runtime.global_randomness import borrowed_globals
from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.testing.checks.construction import check_construction
from disentangle_eval.testing.checks.offers import N, images, latents, offered
from disentangle_eval.testing.checks.posterior import check_posterior
from disentangle_eval.testing.expect import expect_floats
from disentangle_eval.testing.failure import ConformanceFailure
from disentangle_eval.testing.verdict import judge, rests_on


def check_log_likelihood(candidate: Candidate) -> None:
    """`log_likelihood` turns images and (B, Z) into (B,) finite float32, nats; a row is its own pair's.

    The latents are those of the prior and, of a model with a posterior, of the posterior.
    """
    rests_on(candidate, check_construction)
    check = "log_likelihood"
    model: Likelihood = offered(candidate, Likelihood)
    x, z = images(candidate), latents(model, GeneratorDraw(seed=0))
    with torch.no_grad():
        whole = expect_floats(check, check, model.log_likelihood(x, z), (N,))
        alone = torch.cat([model.log_likelihood(*pair) for pair in zip(x.split(1), z.split(1), strict=True)])
        if isinstance(model, Posterior) and not isinstance(judge(candidate, check_posterior), ConformanceFailure):
            with borrowed_globals(seed=0):
                inferred = model.posterior(x).sample()
            expect_floats(check, "log_likelihood at a sample of the posterior", model.log_likelihood(x, inferred), (N,))
    worst, tolerance = (alone - whole).abs().max(), 1e-5 * whole.abs().max() + 1e-3 * whole.std()
    if not bool(worst <= tolerance):
        raise ConformanceFailure(
            check,
            f"densities that move by {float(worst):.2g} nats when the same pairs come alone",
            f"rows that depend on their own image and latent alone (here within {float(tolerance):.2g})",
            "sum over pixels, not over the batch, and use no statistics of the batch",
        )
