"""What a round computes, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor

from disentangle_eval.api import Losses, Round
from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.testing.expect import expect_floats
from disentangle_eval.testing.failure import ConformanceFailure, plugin_runs, reached
from disentangle_eval.testing.trial import CPU, Trial, due, training_images
from disentangle_eval.train.iteration import play
from disentangle_eval.train.players import build_players
from disentangle_eval.train.step import TrainingStep

ITERATIONS = 2


def check_rounds(candidate: Candidate) -> None:
    """Two iterations play through; every player has a round, and each round's losses are in order.

    `total` has exactly the round's players, each a finite () tensor that depends on parameters; `terms` are finite
    () or (n,) tensors.
    """
    check = "rounds"
    model = candidate.model(seed=0)
    with reached("building the players", see="players"):
        players = build_players(model)
    with plugin_runs(check, "rounds()"):
        rounds = tuple(model.rounds())
    _check_schedule(check, rounds, players)
    step = TrainingStep(training_images(candidate), candidate.settings().batch_size, 0, CPU)
    for iteration in range(ITERATIONS):
        step.iteration.fill_(iteration)
        for round_ in due(rounds, iteration):
            with plugin_runs(check, f"the round of {_names(round_.players)} in iteration {iteration}"):
                losses = round_.losses(step)
            _check_losses(check, round_, losses)
            with plugin_runs(check, f"the gradients of {_names(round_.players)} in iteration {iteration}"):
                play(losses, [(name, players[name]) for name in round_.players])


def check_iteration_counter(candidate: Candidate) -> None:
    """A round leaves `step.iteration` and `step.batch` as lent: the core counts."""
    trial = Trial(candidate, seed=0)
    counter, batch = trial.step.iteration, trial.step.batch
    for round_ in trial.due():
        with reached("calling a round", see="rounds"):
            round_.losses(trial.step)
        if trial.step.iteration is not counter or not torch.equal(counter, torch.zeros_like(counter)):
            raise ConformanceFailure(
                "iteration_counter",
                f"step.iteration changed by the round of {_names(round_.players)}",
                "the counter as lent; the core counts",
                "compute with a new tensor: step.iteration + 1, not step.iteration += 1",
            )
        if trial.step.batch != batch:
            raise ConformanceFailure(
                "iteration_counter", f"step.batch = {trial.step.batch}", f"{batch}, as lent", "leave step.batch alone"
            )


def _check_schedule(check: str, rounds: tuple[Round, ...], players: Collection[str]) -> None:
    for round_ in rounds:
        if not isinstance(round_, Round):
            raise ConformanceFailure(check, f"{type(round_).__name__} from rounds()", "Round", "return a list of Round")
        strangers = [name for name in round_.players if name not in players]
        if strangers or not round_.players:
            raise ConformanceFailure(
                check, f"a round of {_names(round_.players)}", f"players among {_names(players)}", "correct its players"
            )
        if round_.every < 1 or round_.repeats < 1:
            raise ConformanceFailure(
                check, f"every={round_.every}, repeats={round_.repeats}", "counts from 1 on", "correct the round"
            )
    idle = set(players) - {name for round_ in rounds for name in round_.players}
    if idle:
        raise ConformanceFailure(
            check, f"no round of {_names(sorted(idle))}", "a round for every player", "add the player to a round"
        )


def _check_losses(check: str, round_: Round, losses: object) -> None:
    if not isinstance(losses, Losses):
        raise ConformanceFailure(check, f"{type(losses).__name__} from a round", "Losses", "return Losses(total=...)")
    if set(losses.total) != set(round_.players):
        raise ConformanceFailure(
            check,
            f"total with {_names(losses.total)}",
            f"exactly the round's players, {_names(round_.players)}",
            "give every player of the round its own total",
        )
    for name, total in losses.total.items():
        loss = expect_floats(check, f"total[{name!r}]", total, ())
        if not loss.requires_grad:
            raise ConformanceFailure(
                check, f"total[{name!r}] without a graph", "a loss that depends on parameters", "do not detach it"
            )
    for name, term in losses.terms.items():
        one_by_one = isinstance(term, Tensor) and term.dim() == 1
        expect_floats(check, f"terms[{name!r}]", term, ("n",) if one_by_one else ())


def _names(names: Collection[str]) -> str:
    return ", ".join(repr(name) for name in names) or "nobody"
