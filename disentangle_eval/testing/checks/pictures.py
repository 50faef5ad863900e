"""Pictures of a model's own."""

from __future__ import annotations

import re

import torch

from disentangle_eval.api import Pictured
from disentangle_eval.runtime.draws import GeneratorDraw
from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.testing.checks.construction import check_construction
from disentangle_eval.testing.checks.offers import offered
from disentangle_eval.testing.expect import expect_floats
from disentangle_eval.testing.failure import ConformanceFailure
from disentangle_eval.testing.verdict import rests_on

CHECK = "pictures"
TAKEN = ("samples", "traversal")


def check_pictures(candidate: Candidate) -> None:
    """`pictures` returns rows of images in [0, 1] by names that a file can have and no other picture has."""
    rests_on(candidate, check_construction)
    model: Pictured = offered(candidate, Pictured)
    with torch.no_grad():
        found = model.pictures(GeneratorDraw(seed=0))
    for name, rows in found.items():
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) or name in TAKEN:
            raise ConformanceFailure(
                CHECK, repr(name), "lower-case words joined by hyphens, not samples or traversal", "rename the picture"
            )
        if not rows:
            raise ConformanceFailure(CHECK, f"no row in {name!r}", "at least one row of images", "leave it out")
        for row in rows:
            images = expect_floats(CHECK, f"a row of {name!r}", row, ("n", "C", "H", "W"))
            if not bool(((images >= 0) & (images <= 1)).all()):
                raise ConformanceFailure(
                    CHECK,
                    f"pixels from {float(images.min()):.3g} to {float(images.max()):.3g} in {name!r}",
                    "numbers in [0, 1]",
                    "clamp or squash them",
                )
