"""A lower bound on the information between an image and the input it was generated from."""

from __future__ import annotations

import torch

from disentangle_eval.api import LowerBound
from disentangle_eval.runtime.draws import GeneratorDraw
from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.testing.checks.construction import check_construction
from disentangle_eval.testing.checks.offers import N, latents, offered
from disentangle_eval.testing.expect import expect_floats
from disentangle_eval.testing.verdict import rests_on


def check_lower_bound(candidate: Candidate) -> None:
    """`lower_bound` turns (B, Z) of the prior into (B, L) finite float32, nats, with and without noise."""
    rests_on(candidate, check_construction)
    model: LowerBound = offered(candidate, LowerBound)
    draw = GeneratorDraw(seed=0)
    z = latents(model, draw)
    with torch.no_grad():
        bound, under_noise = model.lower_bound(z, draw), model.lower_bound(z, draw, iteration=0)
    columns = expect_floats("lower_bound", "lower_bound(z, draw)", bound, (N, "L")).shape[1]
    expect_floats("lower_bound", "lower_bound(z, draw, iteration=0)", under_noise, (N, columns))
