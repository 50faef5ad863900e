"""The space a model's factors are read off in."""

from __future__ import annotations

import torch

from disentangle_eval.api import Traversable, Traversal
from disentangle_eval.runtime.draws import GeneratorDraw
from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.testing.checks.construction import check_construction
from disentangle_eval.testing.checks.offers import N, offered
from disentangle_eval.testing.expect import expect_floats, expect_images
from disentangle_eval.testing.failure import ConformanceFailure
from disentangle_eval.testing.verdict import rests_on


def check_traversal(candidate: Candidate) -> None:
    """`traversal` gives a spread and a rate (K,), starting points (B, K), and images in [0, 1] for them."""
    rests_on(candidate, check_construction)
    check = "traversal"
    model: Traversable = offered(candidate, Traversable)
    draw = GeneratorDraw(seed=0)
    with torch.no_grad():
        space = model.traversal(draw)
    if not isinstance(space, Traversal):
        raise ConformanceFailure(check, type(space).__name__, "a Traversal", "return disentangle_eval.api.Traversal")
    dim = len(space.code)
    expect_floats(check, "traversal's rate", space.rate, (dim,))
    spread = expect_floats(check, "traversal's spread", space.spread, (dim,))
    if bool((spread < 0).any()):
        raise ConformanceFailure(
            check, f"a spread of {float(spread.min()):.3g}", "standard deviations", "take the root of the variance"
        )
    with torch.no_grad():
        origin = space.origin(draw, N)
        rendered = space.render(expect_floats(check, "traversal's origin", origin, (N, dim)))
    expect_images(check, "traversal's render", rendered, N, candidate.image)
    if space.prior is not None:
        with torch.no_grad():
            start = space.prior(draw, N)
        expect_floats(check, "traversal's prior", start, (N, dim))
    if space.encode is not None:
        with torch.no_grad():
            code = space.encode(draw.uniform(N, *candidate.image))
        expect_floats(check, "traversal's encode", code, (N, dim))
