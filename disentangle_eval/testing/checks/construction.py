"""A model comes out of its constructor with weights that follow from the seed."""

from __future__ import annotations

from typing import Any

import torch

from disentangle_eval.api import Model
from disentangle_eval.errors import UsageError
from disentangle_eval.registry.lines import located
from disentangle_eval.registry.lookup import Registry
from disentangle_eval.runtime.global_randomness import borrowed_globals
from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.testing.checks.config import check_config
from disentangle_eval.testing.failure import ConformanceFailure, explained
from disentangle_eval.testing.verdict import rests_on

CHECK = "construction"


def check_construction(candidate: Candidate) -> None:
    """`target(cfg, image)` makes a `Model`; the same seed gives the same weights, another seed others."""
    rests_on(candidate, check_config)
    target = Registry.resolve(candidate.registered, "target")
    if isinstance(target, type):  # otherwise a function, whose result says what it makes
        _refuse_others(target, candidate.registered.spec.target)
    with explained(CHECK, "correct that line", type(candidate.model(0)).__init__):
        _check_construction(candidate)


def _refuse_others(made_of: type[Any], target: str) -> None:
    """`ConformanceFailure` for a class of anything but models."""
    if not issubclass(made_of, Model):
        raise ConformanceFailure(
            CHECK,
            f"{made_of.__name__} from {target!r}",
            "a disentangle_eval.api.Model",
            "derive the class from Model and call super().__init__(cfg, image)",
        )


def _check_construction(candidate: Candidate) -> None:
    first, again, other = (_construct(candidate, seed) for seed in (0, 0, 1))
    _refuse_others(type(first), candidate.registered.spec.target)
    with explained(CHECK, "call super().__init__(cfg, image)"):
        kept = first.cfg == candidate.settings() and first.image == candidate.image
    if not kept:
        raise ConformanceFailure(
            CHECK, "a model with other cfg or image", "those given", "call super().__init__(cfg, image)"
        )
    if not _same_weights(first, again):
        raise ConformanceFailure(
            CHECK,
            "two models of one seed with different weights",
            "weights that follow from torch's global generator alone, which the core seeds",
            "initialise with torch.nn.init; share no weights between models",
        )
    if _same_weights(first, other):
        raise ConformanceFailure(
            CHECK,
            "models of different seeds with the same weights",
            "weights that follow from torch's global generator, which the core seeds",
            "leave out torch.manual_seed and constant initialisation",
        )


def _construct(candidate: Candidate, seed: int) -> Model[Any]:
    accepted = "x".join(map(str, candidate.image))
    with borrowed_globals(seed=0):
        try:
            return candidate.model(seed)
        except UsageError as error:
            raise ConformanceFailure(
                CHECK,
                located(error),
                f"a model for {accepted} images",
                "name a shape it accepts: --image CxHxW, in pytest parametrize_checks(..., image=(C, H, W))",
            ) from error


def _same_weights(a: Model[Any], b: Model[Any]) -> bool:
    first, second = a.state_dict(), b.state_dict()
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
