"""What an iteration does can be recorded."""

from __future__ import annotations

import torch
from torch import Tensor

from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.testing.checks.host_reads import check_no_host_read
from disentangle_eval.testing.checks.randomness import check_no_global_randomness
from disentangle_eval.testing.checks.resume import check_resume
from disentangle_eval.testing.failure import ConformanceFailure
from disentangle_eval.testing.global_randomness import borrowed_globals
from disentangle_eval.testing.host_graph import HostGraph
from disentangle_eval.testing.trial import Trial
from disentangle_eval.testing.verdict import rests_on
from disentangle_eval.train.captured import CannotCapture, CapturedIterations
from disentangle_eval.train.iteration import run_iteration
from disentangle_eval.train.window import Window

ITERATIONS = 4
CHANGE = (
    "keep what changes in parameters or buffers, change buffers in place (copy_, lerp_), and compute what depends on "
    "the iteration from the tensor step.iteration, not in Python"
)
# A learning rate on a schedule is float32 in a recording and double without one.
RELATIVE, ABSOLUTE = 1e-3, 1e-6


def check_captured(candidate: Candidate) -> None:
    """Iterations recorded as operators of torch and played again end in the weights that Python's rounds end in.

    This is what a CUDA graph does, tried on the CPU. A model that fails trains on CUDA all the same, one launch after
    another.
    """
    rests_on(candidate, check_no_global_randomness, check_no_host_read, check_resume)
    with borrowed_globals(seed=0):
        expected = _weights(candidate)
    with borrowed_globals(seed=0):
        try:
            found = _recorded_weights(candidate)
        except CannotCapture as reason:
            raise ConformanceFailure("captured", str(reason), "a round that can be recorded", CHANGE) from reason
    changed = [name for name, value in expected.items() if not torch.allclose(found[name], value, RELATIVE, ABSOLUTE)]
    if changed:
        raise ConformanceFailure(
            "captured",
            f"other weights ({', '.join(changed[:3])}) after {ITERATIONS} iterations played from a recording",
            "the weights that the rounds themselves lead to",
            CHANGE,
        )


def _weights(candidate: Candidate) -> dict[str, Tensor]:
    trial = Trial(candidate, seed=0)
    for iteration in range(ITERATIONS):
        run_iteration(trial.rounds, trial.players, trial.step, iteration)
    return _tensors(trial)


def _recorded_weights(candidate: Candidate) -> dict[str, Tensor]:
    trial = Trial(candidate, seed=0)
    captured = CapturedIterations(
        trial.model,
        trial.rounds,
        trial.players,
        trial.step,
        Window(),
        lambda: HostGraph(trial.step.generator),
    )
    for iteration in range(ITERATIONS):
        captured.advance(iteration, most=1)
    return _tensors(trial)


def _tensors(trial: Trial) -> dict[str, Tensor]:
    named = (*trial.model.named_parameters(), *trial.model.named_buffers())
    return {name: value.detach().clone() for name, value in named}
