"""The probabilities of the classes that a code names."""

from __future__ import annotations

import torch

from disentangle_eval.api import Classifier, Encoder
from disentangle_eval.latents import Categorical
from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.testing.checks.encoding import check_encode
from disentangle_eval.testing.checks.offers import N, images, offered
from disentangle_eval.testing.expect import expect_floats
from disentangle_eval.testing.failure import ConformanceFailure, NotChecked
from disentangle_eval.testing.verdict import rests_on

# How far apart probabilities of equal classes may be.
ROUNDING = 1e-6


def check_class_probabilities(candidate: Candidate) -> None:
    """`class_probabilities` gives (B, classes) per categorical dimension; rows sum to 1, and `encode` has the most
    probable class.
    """
    rests_on(candidate, check_encode)
    check = "class_probabilities"
    model: Classifier = offered(candidate, Classifier)
    if not isinstance(model, Encoder):
        raise NotChecked(f"{type(model).__name__} does not have the ability Encoder, so no code has classes")
    columns = [(j, dimension) for j, dimension in enumerate(model.code) if isinstance(dimension, Categorical)]
    x = images(candidate)
    with torch.no_grad():
        found, codes = model.class_probabilities(x), model.encode(x)
    if not isinstance(found, tuple) or len(found) != len(columns):
        received = f"{len(found)} of them" if isinstance(found, tuple) else type(found).__name__
        raise ConformanceFailure(
            check, received, f"a tuple of {len(columns)}, one per categorical dimension", "return such a tuple"
        )
    for probabilities, (j, dimension) in zip(found, columns, strict=True):
        expect_floats(check, "class_probabilities", probabilities, (N, dimension.classes))
        if not bool((probabilities >= 0).all() & ((probabilities.sum(dim=1) - 1).abs() < 1e-4).all()):
            raise ConformanceFailure(
                check, "rows that are no probabilities", "numbers from 0 that sum to 1", "return logits.softmax(dim=1)"
            )
        named = probabilities.gather(1, codes[:, j, None].long())
        # Logits that differ in their last digits may be equal as probabilities.
        if (named < probabilities.amax(dim=1, keepdim=True) - ROUNDING).any():
            raise ConformanceFailure(
                check, "another class than `encode`", "the most probable class there", "use the same logits in both"
            )
