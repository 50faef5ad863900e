"""Many seeds in one process."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from disentangle_eval.runtime.global_randomness import GlobalState, borrowed_globals
from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.testing.checks.rounds import check_iteration_counter
from disentangle_eval.testing.expect import OF_NUMBERS
from disentangle_eval.testing.failure import ConformanceFailure
from disentangle_eval.testing.trial import Trial
from disentangle_eval.testing.verdict import rests_on

SEEDS = (0, 1)
ITERATIONS = 3


def check_replicas(candidate: Candidate) -> None:
    """Two models of different seeds, trained round by round in turn, end as each does alone, to the last bit.

    Each has global generators of its own meanwhile: using those is another check's concern.
    """
    rests_on(candidate, check_iteration_counter)
    alone = [weights for seed in SEEDS for weights in _train(candidate, [seed])]
    together = _train(candidate, SEEDS)
    for one, other in zip(alone, together, strict=True):
        broken = [name for name, value in one.items() if not bool(value.isfinite().all())]
        if broken:
            raise ConformanceFailure(
                "replicas",
                f"NaN or infinity in {', '.join(broken[:3])} after {ITERATIONS} iterations",
                "finite weights",
                OF_NUMBERS,
            )
        changed = [name for name in one if name not in other or not torch.equal(one[name], other[name])]
        if changed:
            raise ConformanceFailure(
                "replicas",
                f"other weights ({', '.join(changed[:3])}) when two models train in turn",
                "the weights of each model trained alone",
                "keep state in the model: no module-level or class-level tensors, networks, caches or counters",
            )


def _train(candidate: Candidate, seeds: Sequence[int]) -> list[dict[str, torch.Tensor]]:
    with borrowed_globals(seed=0) as start:
        trials, states = [], []
        for seed in seeds:
            start.restore()
            trials.append(Trial(candidate, seed))
            states.append(GlobalState.now())
        for _ in range(ITERATIONS):
            for rounds in zip(*(trial.due() for trial in trials), strict=True):
                for position, (trial, round_) in enumerate(zip(trials, rounds, strict=True)):
                    states[position].restore()
                    trial.play(round_)
                    states[position] = GlobalState.now()
            for trial in trials:
                trial.end_iteration()
    return [{name: value.detach().clone() for name, value in trial.model.state_dict().items()} for trial in trials]
