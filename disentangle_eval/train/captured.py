"""Iterations recorded once and played again: no Python, no launches one by one, no host in between."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from disentangle_eval.api import Model, Round
from disentangle_eval.errors import describe
from disentangle_eval.train.batch_queue import BatchQueue
from disentangle_eval.train.graph import Graph
from disentangle_eval.train.iteration import due, play_rounds
from disentangle_eval.train.players import BuiltPlayer
from disentangle_eval.train.rewind import Rewind
from disentangle_eval.train.step import TrainingStep
from disentangle_eval.train.window import Window

# Iterations a recording holds where so many come before the next tick: replaying costs the host some microseconds.
STRETCH = 8
# Times it is run before it is recorded, for libraries to choose their algorithms and optimisers to make their state.
WARM_UP = 2
BATCHES_AHEAD = 1024

Pattern = tuple[tuple[Round, ...], ...]


class CannotCapture(Exception):  # noqa: N818
    """Why a model's iterations cannot be recorded; the state is as it was."""


@dataclass(frozen=True)
class Recording:
    """Some iterations: their graph, the batches they take, and the terms they show, a name each time it is shown."""

    graph: Graph
    batches: int
    terms: tuple[str, ...]


class CapturedIterations:
    """Plays iterations from recordings, one recording for each distinct sequence of active rounds.

    `new_graph` makes an empty recording whose random numbers are those of the step.
    """

    def __init__(
        self,
        model: Model[Any],
        rounds: Sequence[Round],
        players: Mapping[str, BuiltPlayer],
        step: TrainingStep,
        window: Window,
        new_graph: Callable[[], Graph],
    ) -> None:
        if step.host is not None:
            raise CannotCapture("the images of this data set stay in main memory")
        self.model = model
        self.rounds = rounds
        self.players = players
        self.step = step
        self.window = window
        self.new_graph = new_graph
        self.recordings: dict[Pattern, Recording] = {}
        self.queue = BatchQueue(step.sampler, BATCHES_AHEAD)
        step.queue = self.queue

    def advance(self, iteration: int, most: int) -> int:
        """Train from `iteration` on, at most so many iterations; returns how many. `CannotCapture` changes nothing."""
        length = STRETCH if most >= STRETCH else 1
        pattern = tuple(due(self.rounds, iteration + offset) for offset in range(length))
        if pattern not in self.recordings:
            self.recordings[pattern] = self._record(pattern)
        recording = self.recordings[pattern]
        self.queue.reserve(recording.batches)
        recording.graph.replay()
        self.queue.count(recording.batches)
        self.window.count(recording.terms)
        return length

    def _record(self, pattern: Pattern) -> Recording:
        rewind = Rewind(self.model, self.players.values(), self.step, self.window)
        terms: list[str] = []

        def work() -> None:
            terms.clear()
            for rounds in pattern:
                for player in self.players.values():
                    player.follow_schedule_on_device(self.step.iteration)
                record = play_rounds(rounds, self.players, self.step)
                self.window.accumulate(record)
                self.step.iteration.add_(1)
                terms.extend(record)

        graph = self.new_graph()
        try:
            for _ in range(WARM_UP):
                self.queue.reserve(BATCHES_AHEAD)
                work()
            replaced = rewind.replaced()
            rewind()
            if replaced:
                raise RuntimeError(f"training replaces {replaced[0]!r}; change it in place, by copy_ or lerp_")
            self.queue.reserve(BATCHES_AHEAD)
            before = self.step.sampler.drawn
            graph.record(work)
            batches = self.step.sampler.drawn - before
            rewind()
        except RuntimeError as error:
            self.step.renew_generator()
            self.step.queue = None
            rewind()
            raise CannotCapture(describe(error)) from error
        return Recording(graph, batches, tuple(terms))
