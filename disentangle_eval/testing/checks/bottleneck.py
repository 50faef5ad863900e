"""The information that passes a bottleneck."""

from __future__ import annotations

import torch

from disentangle_eval.api import Bottleneck
from disentangle_eval.runtime.draws import GeneratorDraw
from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.testing.checks.construction import check_construction
from disentangle_eval.testing.checks.offers import N, latents, offered
from disentangle_eval.testing.expect import expect_floats
from disentangle_eval.testing.verdict import rests_on


def check_rate(candidate: Candidate) -> None:
    """`rate` turns (B, Z) of the prior into (B, R) finite float32, nats."""
    rests_on(candidate, check_construction)
    model: Bottleneck = offered(candidate, Bottleneck)
    z = latents(model, GeneratorDraw(seed=0))
    with torch.no_grad():
        rate = model.rate(z)
    expect_floats("rate", "rate", rate, (N, "R"))
