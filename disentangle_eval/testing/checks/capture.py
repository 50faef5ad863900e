"""An iteration can be captured and replayed."""

from __future__ import annotations

import torch
from torch import Tensor

from disentangle_eval.runtime.global_randomness import borrowed_globals
from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.testing.checks.host_reads import check_no_host_read
from disentangle_eval.testing.checks.randomness import check_no_global_randomness
from disentangle_eval.testing.checks.resume import check_resume
from disentangle_eval.testing.failure import ConformanceFailure
from disentangle_eval.testing.host_graph import HostGraph
from disentangle_eval.testing.trial import Trial
from disentangle_eval.testing.verdict import rests_on
from disentangle_eval.training.graph import NewGraph

ITERATIONS = 4
CHANGE = (
    "keep what changes in parameters or buffers, change buffers in place (copy_, lerp_), and compute what depends on "
    "the iteration from the tensor step.iteration, not in Python"
)
# A learning rate on a schedule is float32 in a captured graph and double without one.
RELATIVE, ABSOLUTE = 1e-3, 1e-6


def check_capture(candidate: Candidate) -> None:
    """Iterations captured as operators of torch and replayed lead to the weights that Python's rounds lead to.

    This is what a CUDA graph does, tried on the CPU. A model that fails trains on CUDA all the same, one launch after
    another.
    """
    rests_on(candidate, check_no_global_randomness, check_no_host_read, check_resume)
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
        trial.advance(ITERATIONS)
    if trial.not_captured is not None:
        raise ConformanceFailure("capture", trial.not_captured, "a round that can be captured", CHANGE)
    named = (*trial.model.named_parameters(), *trial.model.named_buffers())
    return {name: value.detach().clone() for name, value in named}
