"""The representation: what `encode` returns, and that each row is its own image's."""

from __future__ import annotations

import torch
from torch import Tensor

from disentangle_eval.api import Encoder
from disentangle_eval.latents import Categorical, Continuous
from disentangle_eval.runtime.global_randomness import borrowed_globals
from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.testing.checks.construction import check_construction
from disentangle_eval.testing.checks.offers import N, images, offered
from disentangle_eval.testing.expect import expect_floats, rounding
from disentangle_eval.testing.failure import ConformanceFailure
from disentangle_eval.testing.verdict import rests_on


def check_encode(candidate: Candidate) -> None:
    """`encode` gives (B, K) finite float32, one column for each entry of `code`; classes are 0 .. n - 1."""
    rests_on(candidate, check_construction)
    check = "encode"
    named = candidate.model(seed=0)
    if callable(getattr(named, "encode", None)) and not hasattr(named, "code"):
        raise ConformanceFailure(
            check,
            "a model with encode but no attribute `code`",
            "both, or the core sees no encoder",
            "set self.code in the constructor, such as disentangle_eval.latents.continuous(dim)",
        )
    model: Encoder = offered(candidate, Encoder)
    if not isinstance(model.code, tuple) or not all(isinstance(k, Continuous | Categorical) for k in model.code):
        raise ConformanceFailure(
            check, f"code = {model.code!r}", "a tuple of Continuous and Categorical", "set self.code to such a tuple"
        )
    with torch.no_grad():
        codes = model.encode(images(candidate))
    expect_floats(check, "encode", codes, (N, len(model.code)))
    for column, dimension in zip(codes.unbind(dim=1), model.code, strict=True):
        if isinstance(dimension, Categorical) and not _are_classes(column, dimension.classes):
            raise ConformanceFailure(
                check,
                f"{column.tolist()} in a column of {dimension.classes} classes",
                f"class indices, 0 to {dimension.classes - 1}",
                "return logits.argmax(dim=1) as float",
            )


def check_encode_rows(candidate: Candidate) -> None:
    """`encode` is deterministic in eval mode, and a row is the same alone, in another batch and in another order."""
    rests_on(candidate, check_encode)
    model: Encoder = offered(candidate, Encoder)
    x = images(candidate)
    order = torch.arange(N).roll(1).flip(0)
    with torch.no_grad(), borrowed_globals(seed=0):
        whole, again = model.encode(x), model.encode(x)
        alone = torch.cat([model.encode(row) for row in x.split(1)])
        halves = torch.cat([model.encode(half) for half in x.split(N // 2)])
        permuted = torch.empty_like(whole)
        permuted[order] = model.encode(x[order])
    if not torch.equal(whole, again):
        raise ConformanceFailure(
            "encode_rows",
            "different codes from two calls on the same images",
            "the same codes",
            "return the posterior's mean, not a sample; keep no state between calls",
        )
    tolerance = rounding(whole)
    for how, codes in (("alone", alone), ("in a smaller batch", halves), ("in another order", permuted)):
        worst = (codes - whole).abs().max()
        if not bool(worst <= tolerance):
            raise ConformanceFailure(
                "encode_rows",
                f"codes that move by {float(worst):.2g} when the same images come {how}",
                f"rows that depend on their own image alone (here within {float(tolerance):.2g})",
                "use no statistics of the batch in encode: nn.BatchNorm in eval mode is fine, x.mean(dim=0) is not",
            )


def _are_classes(column: Tensor, classes: int) -> bool:
    return bool(((column == column.round()) & (column >= 0) & (column < classes)).all())
