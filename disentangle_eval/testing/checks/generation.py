"""Images made from the prior."""

from __future__ import annotations

import torch

from disentangle_eval.api import Generator
from disentangle_eval.runtime.draws import GeneratorDraw
from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.testing.checks.construction import check_construction
from disentangle_eval.testing.checks.offers import N, offered
from disentangle_eval.testing.expect import expect_images
from disentangle_eval.testing.failure import ConformanceFailure
from disentangle_eval.testing.verdict import rests_on

OF_A_PRIOR = ("dim", "sample", "log_prob")


def check_generate(candidate: Candidate) -> None:
    """`generate` turns (B, Z) of the prior into images in [0, 1], with and without inner noise."""
    rests_on(candidate, check_construction)
    check = "generate"
    named = candidate.model(seed=0)
    prior = getattr(named, "prior", None)
    if callable(getattr(named, "generate", None)) and not all(hasattr(prior, name) for name in OF_A_PRIOR):
        raise ConformanceFailure(
            check,
            f"a model with generate whose prior is {prior!r}",
            "a disentangle_eval.latents.Prior, or an object with dim, sample(draw, batch) and log_prob(z)",
            "set self.prior in the constructor, such as Prior((Normal(16),))",
        )
    model: Generator = offered(candidate, Generator)
    draw = GeneratorDraw(seed=0)
    z = model.prior.sample(draw, N)
    with torch.no_grad():
        without, with_noise = model.generate(z), model.generate(z, draw)
    expect_images(check, "generate(z)", without, N, candidate.image)
    expect_images(check, "generate(z, draw)", with_noise, N, candidate.image)
