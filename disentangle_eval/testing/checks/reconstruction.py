"""Images mapped to the images they are taken for."""

from __future__ import annotations

import torch

from disentangle_eval.api import Reconstructor
from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.testing.checks.construction import check_construction
from disentangle_eval.testing.checks.offers import N, images, offered
from disentangle_eval.testing.expect import expect_images
from disentangle_eval.testing.verdict import rests_on


def check_reconstruct(candidate: Candidate) -> None:
    """`reconstruct` turns images into as many images in [0, 1]."""
    rests_on(candidate, check_construction)
    model: Reconstructor = offered(candidate, Reconstructor)
    with torch.no_grad():
        again = model.reconstruct(images(candidate))
    expect_images("reconstruct", "reconstruct", again, N, candidate.image)
