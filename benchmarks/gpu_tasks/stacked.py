"""Are seeds that are one computation faster than seeds that take turns?

Their weights are stacked and the losses mapped over them by torch.func: products become batched products, convolutions
grouped ones, and an optimiser steps all seeds at once. Each seed still has images and random numbers of its own.
"""

from __future__ import annotations

import functools
import math
import shutil
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from disentangle_eval.api import Group, Losses, Model, Player, Round, Step
from disentangle_eval.runtime.devices import place, use_exact_kernels
from disentangle_eval.training.batch_queue import BatchQueue
from disentangle_eval.training.capture import BATCHES_AHEAD
from disentangle_eval.training.graph import Graph
from disentangle_eval.training.iteration import due, play_rounds
from disentangle_eval.training.players import build_players
from disentangle_eval.training.step import TrainingStep
from gpu_tasks.cases import CASES, NEVER, Bench, Case
from gpu_tasks.slices import Line, Task
from gpu_tasks.throughput import MANY, REPEATS, SECONDS, TARGETS, Lanes, Variant, on, spread, synchronise

WARM_UP = 3

Call = tuple[str, tuple[int, ...]]


def tasks(bench: Bench) -> Iterator[Task]:
    for name in TARGETS:
        yield Task(f"stacked/{name}", 60.0, functools.partial(measure, bench, CASES[name]))


def measure(bench: Bench, case: Case) -> Iterator[Line]:
    """A line for seeds in turn and one for the same seeds stacked, timed in turn; on CUDA both are recorded."""
    seeds = 2 if bench.tiny else MANY
    captured = bench.device.type == "cuda"
    folder = bench.work / "stacked"
    shutil.rmtree(folder, ignore_errors=True)
    # Nothing can be recorded on CUDA's default stream.
    with on(torch.cuda.Stream(bench.device) if captured else None):
        in_turn = Lanes(bench, case, Variant("in turn", captured=captured, seeds=seeds), folder)
        stacked = StackedSeeds(bench, case, seeds)
        stacked.play(WARM_UP)
        if captured:
            stacked.capture(bench)
        ways: dict[str, Callable[[int], float]] = {"in turn": in_turn.play, "stacked": stacked.play}
        counts = {name: 1 if bench.tiny else math.ceil(SECONDS / play(WARM_UP)) for name, play in ways.items()}
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(2 if bench.tiny else REPEATS):
            for name, play in ways.items():
                times[name].append(play(counts[name]))
    shutil.rmtree(folder, ignore_errors=True)
    for name in ways:
        yield {
            "model": case.model,
            "data": bench.data(case).name,
            "tiny": bench.tiny,
            "variant": name,
            "captured": captured,
            "seeds": seeds,
            "seed_iterations_per_second": round(seeds / statistics.median(times[name]), 2),
            **spread(times[name], counts[name]),
            "fallback": sorted(set(in_turn.notes)) if name == "in turn" else [],
        }


class ListeningStep:
    """A step that notes what it is asked for."""

    def __init__(self, step: TrainingStep) -> None:
        self.step = step
        self.calls: list[Call] = []
        self.batch, self.data_size, self.iteration = step.batch, step.data_size, step.iteration

    def __getattr__(self, kind: str) -> Callable[..., Tensor]:
        def ask(*arguments: int) -> Tensor:
            self.calls.append((kind, arguments))
            answer: Tensor = getattr(self.step, kind)(*arguments)
            return answer

        return ask


class AnsweringStep:
    """A step that hands out, in order, what was asked for before."""

    def __init__(self, step: TrainingStep, answers: Sequence[Tensor]) -> None:
        self.batch, self.data_size, self.iteration = step.batch, step.data_size, step.iteration
        self.answers = iter(answers)

    def _next(self, *arguments: int) -> Tensor:
        return next(self.answers)

    images = normal = uniform = integers = permutation = _next


class Played(nn.Module):
    """A model whose call computes one of its rounds, so that `functional_call` can give it other weights."""

    def __init__(self, model: Model[Any]) -> None:
        super().__init__()
        self.model = model

    def forward(self, round_: Round, step: Step) -> dict[str, Tensor]:
        return round_.losses(step).total


class StackedSeeds(nn.Module):
    """So many seeds of a case, trained as one computation: its parameters are theirs, stacked along a first axis."""

    def __init__(self, bench: Bench, case: Case, seeds: int) -> None:
        super().__init__()
        use_exact_kernels(bench.device)
        cfg = bench.config(case, NEVER)
        models = [place(bench.model(case, cfg, seed), bench.device).train() for seed in range(seeds)]
        data = bench.data(case)
        self.steps = [TrainingStep(data, cfg.batch_size, seed, bench.device) for seed in range(seeds)]
        self.played = [Played(model) for model in models]
        parameters, self.states = stack_module_state(self.played)  # type: ignore[arg-type]
        self.weights = {name: nn.Parameter(value.detach()) for name, value in parameters.items()}
        for name, value in self.weights.items():
            self.register_parameter(name.replace(".", "/"), value)
        self.own = list(models[0].rounds())
        if any((round_.every, round_.repeats) != (1, 1) for round_ in self.own):
            raise ValueError(f"{case.model}: expected rounds that are due once in each iteration")
        self.calls = [self._listen(round_) for round_ in self.own]
        self.batches = sum(kind == "images" for calls in self.calls for kind, _ in calls)
        self.queues = [BatchQueue(step.sampler, BATCHES_AHEAD) for step in self.steps]
        for step, queue in zip(self.steps, self.queues, strict=True):
            step.queue = queue
        self.mapped = [
            replace(round_, losses=functools.partial(self._losses, position))
            for position, round_ in enumerate(self.own)
        ]
        self.trained = build_players(self)  # type: ignore[arg-type]
        self.graph: Graph | None = None

    def players(self) -> list[Player]:
        """Those of one seed, owning the stacks of what they own there."""
        names = {parameter: name for name, parameter in self.played[0].named_parameters()}

        def stacked(group: Group) -> Group:
            owned = [self.weights[names[parameter]] for parameter in group.module.parameters()]
            return Group(nn.ParameterList(owned), group.lr)

        return [replace(player, groups=tuple(map(stacked, player.groups))) for player in self.played[0].model.players()]

    def work(self) -> None:
        """One iteration."""
        play_rounds(due(self.mapped, 0), self.trained, self.steps[0])
        self.steps[0].iteration.add_(1)

    def capture(self, bench: Bench) -> None:
        """Capture an iteration; those that follow replay it."""
        graph = bench.graphs()(*(step.generator for step in self.steps))
        self._reserve()
        graph.capture(self.work)
        self.graph = graph

    def play(self, iterations: int) -> float:
        """Train every seed by so many iterations more; returns the seconds per iteration of all of them."""
        device = self.steps[0].device
        synchronise(device)
        start = time.perf_counter()
        for _ in range(iterations):
            self._reserve()
            if self.graph is None:
                self.work()
            else:
                self.graph.replay()
                for queue in self.queues:
                    queue.count(self.batches)
        synchronise(device)
        return (time.perf_counter() - start) / iterations

    def _reserve(self) -> None:
        for queue in self.queues:
            queue.reserve(self.batches)

    def _losses(self, position: int, _: Step) -> Losses:
        answers = [
            torch.stack([getattr(step, kind)(*arguments) for step in self.steps])
            for kind, arguments in self.calls[position]
        ]

        def of_one(weights: dict[str, Tensor], states: dict[str, Tensor], answers: list[Tensor]) -> dict[str, Tensor]:
            step = AnsweringStep(self.steps[0], answers)
            total: dict[str, Tensor] = functional_call(
                self.played[0], {**weights, **states}, (self.own[position], step), strict=True
            )
            return total

        totals = vmap(of_one)(self.weights, self.states, answers)
        return Losses(total={name: value.sum() for name, value in totals.items()}, terms={})

    def _listen(self, round_: Round) -> list[Call]:
        step = self.steps[0]
        state = step.state()
        kept = {name: value.clone() for name, value in self.played[0].state_dict().items()}
        listening = ListeningStep(step)
        with torch.no_grad():
            round_.losses(listening)  # type: ignore[arg-type]
        self.played[0].load_state_dict(kept)
        step.restore(state, 0)
        return listening.calls
