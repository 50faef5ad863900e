"""Iterations captured once and replayed: no Python, no single launches, no host in between."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from disentangle_eval.api import Model, Round
from disentangle_eval.errors import describe
from disentangle_eval.training.batch_queue import BatchQueue
from disentangle_eval.training.graph import Graph
from disentangle_eval.training.iteration import due, play_rounds
from disentangle_eval.training.players import BuiltPlayer
from disentangle_eval.training.rewind import Rewind
from disentangle_eval.training.step import TrainingStep
from disentangle_eval.training.window import Window

# Iterations per graph where so many come before the next tick: a replay costs the host some microseconds.
STRETCH = 8
# Runs before the capture, in which libraries choose their algorithms and optimisers make their state.
WARM_UP = 2
BATCHES_AHEAD = 1024

Pattern = tuple[tuple[Round, ...], ...]


class CannotCapture(Exception):  # noqa: N818
    """Why a model's iterations cannot be captured; the state is as it was."""


@dataclass(frozen=True)
class Capture:
    """Some iterations: their graph, the number of batches they take, and the names of the terms they log, in order."""

    graph: Graph
    batches: int
    terms: tuple[str, ...]


class CapturedIterations:
    """Replays iterations, from one capture for each distinct sequence of active rounds.

    `new_graph` makes an empty graph whose random numbers are those of the step.
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
        for player in players.values():
            if reason := player.why_not_captured():
                raise CannotCapture(reason)
        self.model = model
        self.rounds = rounds
        self.players = players
        self.step = step
        self.window = window
        self.new_graph = new_graph
        self.captures: dict[Pattern, Capture] = {}
        self.queue = BatchQueue(step.sampler, BATCHES_AHEAD)
        step.queue = self.queue

    def advance(self, iteration: int, most: int) -> int:
        """Train from `iteration` on for at most `most` iterations; returns how many.

        `CannotCapture` leaves the state as it was.
        """
        length = STRETCH if most >= STRETCH else 1
        pattern = tuple(due(self.rounds, iteration + offset) for offset in range(length))
        if pattern not in self.captures:
            self.captures[pattern] = self._capture(pattern)
        capture = self.captures[pattern]
        self.queue.reserve(capture.batches)
        capture.graph.replay()
        self.queue.count(capture.batches)
        self.window.count(capture.terms)
        return length

    def _capture(self, pattern: Pattern) -> Capture:
        rewind = Rewind(self.model, self.players.values(), self.step, self.window)
        names: list[str] = []

        def work() -> None:
            names.clear()
            for rounds in pattern:
                for player in self.players.values():
                    player.follow_schedule_on_device(self.step.iteration)
                terms = play_rounds(rounds, self.players, self.step)
                self.window.accumulate(terms)
                self.step.iteration.add_(1)
                names.extend(terms)

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
            graph.capture(work)
            batches = self.step.sampler.drawn - before
            rewind()
        except RuntimeError as error:
            self.step.renew_generator()
            self.step.queue = None
            rewind()
            raise CannotCapture(describe(error)) from error
        return Capture(graph, batches, tuple(names))
