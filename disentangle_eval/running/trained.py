"""Runs trained to their end, several in turns; the same for commands and Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from disentangle_eval.errors import DevalError
from disentangle_eval.following import Follow, follow_of
from disentangle_eval.registry.plugin_code import plugin_code
from disentangle_eval.running.explaining import explaining
from disentangle_eval.running.opened import opened_runs
from disentangle_eval.running.watching import watching
from disentangle_eval.training.planning import Plan

if TYPE_CHECKING:
    from disentangle_eval.training.run import Run, Watchers


@dataclass(frozen=True)
class Ended:
    """How runs ended: the signal that stopped them, if any, and the error of each seed that failed."""

    signal: int | None
    failures: dict[int, DevalError]


def train_plans(plans: Sequence[Plan], data_dir: Path | None, command: str, *, progress: bool = True) -> list[Run]:
    """Train runs that differ in their seed alone, as `opened_runs` and `train_runs` do; raises the first failure."""
    with opened_runs(plans, data_dir, command, progress=progress) as runs:
        ended = train_runs(runs, progress=progress, follow=follow_of(plans[0].settings))
    for failure in ended.failures.values():
        raise failure
    return runs


def train_runs(runs: Sequence[Run], *, progress: bool = True, follow: Follow | None = None) -> Ended:
    """Train to the end, or to the first signal, and draw each folder's pictures.

    With `follow` every snapshot is scored, and training may end before that. A run of several that fails does not stop
    the others; one that is alone raises its error.
    """
    from disentangle_eval.training.turns import take_turns

    failures: dict[int, DevalError] = {}
    with ExitStack() as stack:
        alone = len(runs) == 1
        stack.enter_context(plugin_code(f"model {runs[0].identity.model!r} of {runs[0].identity.distribution}"))
        watchers = [stack.enter_context(watching(run, alone=alone, progress=progress, follow=follow)) for run in runs]
        trainings = [_explained(run, watcher) for run, watcher in zip(runs, watchers, strict=True)]
        if not alone:
            trainings = [_ending_alone(run, failures, turns) for run, turns in zip(runs, trainings, strict=True)]
        take_turns(trainings, runs[0].training.device)
    return Ended(runs[0].stopped_by, failures)


def _explained(run: Run, watchers: Watchers) -> Iterator[None]:
    """The turns of a run; what its model's code raises becomes the answer of `deval check`."""
    training = run.training
    with explaining(run.identity.model, training.cfg, training.data.shape):
        yield from run.in_turns(watchers)


def _ending_alone(run: Run, failures: dict[int, DevalError], turns: Iterator[None]) -> Iterator[None]:
    """The turns of a run, ended by its failure, which is kept under its seed."""
    try:
        yield from turns
    except DevalError as failure:
        failures[run.training.seed] = failure
