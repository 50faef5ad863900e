"""Images mapped to the images they are taken for, and codes to theirs."""

from __future__ import annotations

import torch

from disentangle_eval.api import Decoder, Encoder, Reconstructor
from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.testing.checks.construction import check_construction
from disentangle_eval.testing.checks.encoding import check_encode
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


def check_decode(candidate: Candidate) -> None:
    """`decode` turns the codes of images into as many images in [0, 1]."""
    rests_on(candidate, check_construction)
    model: Decoder = offered(candidate, Decoder)
    rests_on(candidate, check_encode)
    assert isinstance(model, Encoder)
    with torch.no_grad():
        drawn = model.decode(model.encode(images(candidate)))
    expect_images("decode", "decode", drawn, N, candidate.image)
