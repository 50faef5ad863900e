"""An iteration can be captured and replayed."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from disentangle_eval.api import Schedule
from disentangle_eval.runtime.global_randomness import borrowed_globals
from disentangle_eval.runtime.optimisers import without_compiler
from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.testing.checks.host_reads import check_no_host_read
from disentangle_eval.testing.checks.randomness import check_no_global_randomness
from disentangle_eval.testing.checks.resume import check_resume
from disentangle_eval.testing.failure import ConformanceFailure
from disentangle_eval.testing.host_graph import HostGraph
from disentangle_eval.testing.trial import Trial
from disentangle_eval.testing.verdict import rests_on
from disentangle_eval.training.graph import NewGraph
from disentangle_eval.training.players import BuiltPlayer, build_players

ITERATIONS = 4
SCHEDULED = tuple(10**power for power in range(7))
CHANGE = (
    "keep what changes in parameters or buffers, change buffers in place (copy_, lerp_), and compute what depends on "
    "the iteration from the tensor step.iteration, not in Python"
)
COMPUTE = "compute with the tensor of the iteration, by torch.where instead of `if`, and return a () tensor"
RELATIVE, ABSOLUTE = 1e-3, 1e-6


def check_capture(candidate: Candidate) -> None:
    """Iterations captured as operators of torch and replayed lead to the weights that Python's rounds lead to.

    This is what a CUDA graph does, tried on the CPU. A model that fails trains on CUDA all the same, one launch after
    another. What is tried is the plugin's part: its rounds, under Adam at constant rates, and its schedules. The
    optimisers are the core's, and some of torch's compute differently on CUDA, where they leave the rate on the device.
    """
    rests_on(candidate, check_no_global_randomness, check_no_host_read, check_resume)
    for name, player in build_players(candidate.model(seed=0)).items():
        if player.schedule is not None:
            _expect_replayed(name, player.schedule)
    expected = _weights(candidate, None)
    found = _weights(candidate, HostGraph)
    changed = [name for name, value in expected.items() if not torch.allclose(found[name], value, RELATIVE, ABSOLUTE)]
    if changed:
        raise ConformanceFailure(
            "capture",
            f"other weights ({', '.join(changed[:3])}) after {ITERATIONS} replayed iterations",
            "the weights that the rounds themselves lead to",
            CHANGE,
        )


def _weights(candidate: Candidate, new_graph: NewGraph | None) -> dict[str, Tensor]:
    with borrowed_globals(seed=0):
        trial = Trial(candidate, seed=0, new_graph=new_graph)
        trial.players = {name: _under_adam(player) for name, player in trial.players.items()}
        trial.advance(ITERATIONS)
    if trial.not_captured is not None:
        raise ConformanceFailure("capture", trial.not_captured, "a round that can be captured", CHANGE)
    named = (*trial.model.named_parameters(), *trial.model.named_buffers())
    return {name: value.detach().clone() for name, value in named}


def _under_adam(player: BuiltPlayer) -> BuiltPlayer:
    groups = zip(player.optimiser.param_groups, player.rates, strict=True)
    optimiser = without_compiler(torch.optim.Adam)(
        [{"params": group["params"], "lr": rate} for group, rate in groups], fused=True
    )
    return replace(player, optimiser=optimiser, schedule=None)


def _expect_replayed(player: str, schedule: Schedule) -> None:
    """A schedule captured in iteration 0 and replayed in later ones has the factors that it has there in Python."""
    iteration, factors = torch.zeros((), dtype=torch.int64), []
    graph = HostGraph()
    graph.capture(lambda: factors.append(schedule(iteration)))
    (factor,) = factors
    what = f"the schedule of player {player!r}"
    if not isinstance(factor, Tensor) or factor.shape != ():
        received = f"the shape {tuple(factor.shape)}" if isinstance(factor, Tensor) else f"a {type(factor).__name__}"
        raise ConformanceFailure("capture", f"{received} from {what}", "a () tensor", COMPUTE)
    for later in SCHEDULED:
        iteration.fill_(later)
        graph.replay()
        expected = schedule(torch.tensor(later))
        if not math.isclose(float(factor), float(expected), rel_tol=1e-6, abs_tol=1e-9):
            raise ConformanceFailure(
                "capture",
                f"{float(factor):.6g} from {what}, captured once and replayed in iteration {later:,}",
                f"{float(expected):.6g}, which it returns when it is called there",
                COMPUTE,
            )
