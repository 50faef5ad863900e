"""What a model offers, called as scores and pictures call it: in eval mode, at any time, on any images."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import torch
from torch import Tensor

from disentangle_eval.api import Classifier, Decoder, Encoder, Generator, Model, Posterior, Reconstructor
from disentangle_eval.runtime.draws import GeneratorDraw
from disentangle_eval.testing.candidate import Candidate, Check
from disentangle_eval.testing.checks.classification import check_class_probabilities
from disentangle_eval.testing.checks.construction import check_construction
from disentangle_eval.testing.checks.encoding import check_encode, check_encode_rows
from disentangle_eval.testing.checks.generation import check_generate
from disentangle_eval.testing.checks.offers import N, images
from disentangle_eval.testing.checks.posterior import check_posterior
from disentangle_eval.testing.checks.randomness import check_no_global_randomness
from disentangle_eval.testing.checks.reconstruction import check_decode, check_reconstruct
from disentangle_eval.testing.expect import rounding
from disentangle_eval.testing.failure import ConformanceFailure, NotChecked
from disentangle_eval.testing.verdict import check_name, judge, rests_on

CHECK = "evaluation"
# What must be right of each method for itself.
METHODS: tuple[Check, ...] = (
    check_no_global_randomness,
    check_encode,
    check_encode_rows,
    check_posterior,
    check_class_probabilities,
    check_generate,
    check_reconstruct,
    check_decode,
)


def check_evaluation(candidate: Candidate) -> None:
    """`encode`, `posterior`, `generate` and the like are functions of their input that leave the model as it was.

    Two calls return the same, each row depends on its own image or latent alone, and no weight or buffer changes: how
    often a run is scored and drawn makes no difference to its training.
    """
    rests_on(candidate, check_construction)
    refuse_failed(candidate)
    model = candidate.model(seed=0).eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    first, second = evaluated(model, candidate), evaluated(model, candidate)
    if changed := [name for name, value in model.state_dict().items() if not torch.equal(value, before[name])]:
        raise ConformanceFailure(
            CHECK,
            f"other values of {', '.join(changed[:3])} after calls in eval mode",
            "weights and buffers as they were",
            "let training alone change them: count and keep nothing in what scores and pictures call",
        )
    for name, value in first.items():
        if not torch.equal(value, second[name]):
            raise ConformanceFailure(
                CHECK,
                f"different results of two calls of {name} on the same input",
                "the same results",
                "draw from what is passed as `draw` alone; keep no state between calls",
            )
    alone = [evaluated(model, candidate, slice(row, row + 1)) for row in range(N)]
    for name, value in first.items():
        if (worst := distance(torch.cat([row[name] for row in alone]), value)) > 1:
            raise ConformanceFailure(
                CHECK,
                f"rows of {name} that move by {worst:.2g} times the tolerance when they come alone",
                "rows that depend on their own image or latent alone",
                "use no statistics of the batch: nn.BatchNorm in eval mode is fine, x.mean(dim=0) is not",
            )


def refuse_failed(candidate: Candidate) -> None:
    """`NotChecked` where the check of one of the methods fails: it says what is wrong."""
    for check in METHODS:
        if isinstance(judge(candidate, check), ConformanceFailure):
            raise NotChecked(f"rests on the check {check_name(check)!r}, which failed")


def evaluated(model: Model[Any], candidate: Candidate, rows: slice = slice(None)) -> dict[str, Tensor]:
    """What a model in eval mode returns for some of `N` images and latents, by method, a row per image or latent."""
    x = images(candidate)[rows]
    found = {}
    with torch.no_grad():
        if isinstance(model, Encoder):
            found["encode"] = model.encode(x)
            if isinstance(model, Decoder):
                found["decode"] = model.decode(found["encode"])
        if isinstance(model, Posterior):
            q = model.posterior(x)
            found["posterior"] = q.mean
            with suppress(NotImplementedError):  # not every distribution of torch has one
                found["posterior's variance"] = q.variance
        if isinstance(model, Classifier):
            found |= {f"class_probabilities of dimension {j}": p for j, p in enumerate(model.class_probabilities(x))}
        if isinstance(model, Generator):
            found["generate"] = model.generate(model.prior.sample(GeneratorDraw(seed=0), N)[rows])
        if isinstance(model, Reconstructor):
            found["reconstruct"] = model.reconstruct(x)
    return found


def distance(rows: Tensor, expected: Tensor) -> float:
    """The largest difference, in units of what rounding may change."""
    worst = (rows - expected).abs().max()
    return float(worst / rounding(expected)) if worst > 0 else 0.0
