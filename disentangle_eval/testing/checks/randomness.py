"""All randomness is lent by the core."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch

from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.testing.checks.offers import calls
from disentangle_eval.testing.checks.rounds import check_rounds
from disentangle_eval.testing.failure import ConformanceFailure
from disentangle_eval.testing.global_randomness import borrowed_globals
from disentangle_eval.testing.trial import Trial
from disentangle_eval.testing.verdict import rests_on


def check_no_global_randomness(candidate: Candidate) -> None:
    """Constructing, rounds and every method offered leave the global generators of torch, numpy and Python alone.

    The constructor alone may use torch's, which the core seeds before and puts back after. Besides `torch.randn` this
    finds `rsample`, `randn_like` and `nn.Dropout`, which draw from torch's global generator unseen.
    """
    rests_on(candidate, check_rounds)
    _watch("the constructor", partial(candidate.model, seed=0))
    trial = Trial(candidate, seed=0)
    for position, round_ in enumerate(trial.due()):
        _watch(f"round {position + 1} ({_name(round_.losses)})", partial(trial.play, round_))
    model = candidate.model(seed=0).eval()
    for name, call in calls(candidate, model).items():
        try:
            with torch.no_grad():
                _watch(name, call)
        except ConformanceFailure:
            raise
        except Exception:
            continue  # the method's own check says so


def _name(function: Callable[..., object]) -> str:
    return getattr(function, "__qualname__", repr(function))


def _watch(what: str, call: Callable[[], object]) -> None:
    with borrowed_globals(seed=20260214) as before:
        call()
        moved = before.moved()
    if moved:
        raise ConformanceFailure(
            "no_global_randomness",
            f"{what} used {' and '.join(moved)}",
            "randomness from the step or draw that the core lends, without which a resumed run differs",
            "write mean + std * step.normal(*mean.shape) for rsample and randn_like, "
            "x * (step.uniform(*x.shape) >= p) / (1 - p) for nn.Dropout(p)",
        )
