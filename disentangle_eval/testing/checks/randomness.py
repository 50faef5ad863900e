"""All randomness comes from the core."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from disentangle_eval.registry.lines import line_in
from disentangle_eval.runtime.global_randomness import borrowed_globals
from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.testing.checks.offers import calls
from disentangle_eval.testing.checks.rounds import check_rounds
from disentangle_eval.testing.failure import ConformanceFailure
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
    for position, round_ in enumerate(trial.rounds):
        _watch(f"round {position + 1} ({_name(round_.losses)})", partial(trial.play, round_))
    model = candidate.model(seed=0).eval()
    for name, call in calls(candidate, model).items():
        try:
            with torch.no_grad():
                _watch(name, call)
        except ConformanceFailure:
            raise
        except Exception:
            continue  # the method's own check reports it


def _name(function: Callable[..., object]) -> str:
    return getattr(function, "__qualname__", repr(function))


def _watch(what: str, call: Callable[[], object]) -> None:
    with borrowed_globals(seed=20260214) as before, _Drawing() as drawing:
        call()
        moved = before.moved()
    if moved:
        raise ConformanceFailure(
            "no_global_randomness",
            f"{what} used {' and '.join(moved)}{drawing.line}",
            "randomness from the step or draw that the core provides, without which a resumed run differs",
            "write mean + std * step.normal(*mean.shape) for rsample and randn_like, "
            "x * (step.uniform(*x.shape) >= p) / (1 - p) for nn.Dropout(p)",
        )


class _Drawing(TorchDispatchMode):
    """Records in `line` where the first operator that moves torch's global generator is called."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.line = ""
        self._state = torch.get_rng_state()

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """False: torch would import its compiler, which takes seconds."""
        return False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if not self.line and not torch.equal(torch.get_rng_state(), self._state):
            self.line = line_in(traceback.extract_stack())
        return result
