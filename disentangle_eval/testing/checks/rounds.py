"""What a round computes, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import torch
from torch import Tensor

from disentangle_eval.api import Losses, Round
from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.testing.checks.players import check_players
from disentangle_eval.testing.expect import expect_floats
from disentangle_eval.testing.failure import ConformanceFailure, explained, place_of
from disentangle_eval.testing.trial import Trial
from disentangle_eval.testing.verdict import rests_on
from disentangle_eval.training.iteration import play, reserved_term

CHECK = "rounds"
ITERATIONS = 2


def check_rounds(candidate: Candidate) -> None:
    """Two iterations play through; every player has a round, and each round's losses are in order.

    `total` has exactly the round's players, each a finite () tensor that depends on parameters; `terms` are finite
    () or (n,) tensors.
    """
    rests_on(candidate, check_players)
    with explained(CHECK, "return a list of Round", candidate.model(seed=0).rounds):
        trial = Trial(candidate, seed=0)
        _check_schedule(trial.rounds, trial.players)
    for _ in range(ITERATIONS):
        for round_ in trial.due():
            with explained(CHECK, "correct that line", round_.losses):
                losses = round_.losses(trial.step)
                _check_losses(round_, losses, trial.iteration)
                _check_names(round_, losses)
            with explained(CHECK, "detach what is kept between iterations; change no tensor of the graph in place"):
                play(losses, [(name, trial.players[name]) for name in round_.players])
        trial.end_iteration()
    for round_ in trial.rounds:
        if round_.start >= ITERATIONS:
            with explained(CHECK, "correct that line", round_.losses):
                _check_losses(round_, round_.losses(trial.step), trial.iteration)


def check_iteration_counter(candidate: Candidate) -> None:
    """A round leaves `step.iteration` and `step.batch` as they are: the core counts."""
    rests_on(candidate, check_rounds)
    check = "iteration_counter"
    trial = Trial(candidate, seed=0)
    counter, batch = trial.step.iteration, trial.step.batch
    for round_ in trial.rounds:
        round_.losses(trial.step)
        if trial.step.iteration is not counter or not torch.equal(counter, torch.zeros_like(counter)):
            raise ConformanceFailure(
                check,
                f"another step.iteration after the round of {_names(round_.players)}",
                "the counter unchanged; the core counts",
                "compute with a new tensor: step.iteration + 1, not step.iteration += 1",
            )
        if trial.step.batch != batch:
            raise ConformanceFailure(
                check, f"step.batch = {trial.step.batch}", f"{batch}, unchanged", "leave step.batch alone"
            )


def _check_schedule(rounds: Sequence[Round], players: Collection[str]) -> None:
    for round_ in rounds:
        if not isinstance(round_, Round):
            raise ConformanceFailure(CHECK, f"{type(round_).__name__} from rounds()", "Round", "return a list of Round")
        if not round_.players or set(round_.players) - set(players):
            raise ConformanceFailure(
                CHECK, f"a round of {_names(round_.players)}", f"players among {_names(players)}", "correct its players"
            )
    idle = set(players) - {name for round_ in rounds for name in round_.players}
    if idle:
        raise ConformanceFailure(
            CHECK, f"no round of {_names(sorted(idle))}", "a round for every player", "add the player to a round"
        )


def _check_losses(round_: Round, losses: object, iteration: int) -> None:
    if not isinstance(losses, Losses):
        raise ConformanceFailure(CHECK, f"{type(losses).__name__} from a round", "Losses", "return Losses(total=...)")
    if set(losses.total) != set(round_.players):
        raise ConformanceFailure(
            CHECK,
            f"total with {_names(losses.total)}",
            f"exactly the round's players, {_names(round_.players)}",
            "give every player of the round its own total",
        )
    for name, total in losses.total.items():
        loss = expect_floats(CHECK, f"total[{name!r}] in iteration {iteration}", total, ())
        if not loss.requires_grad:
            raise ConformanceFailure(
                CHECK, f"total[{name!r}] without a graph", "a loss that depends on parameters", "do not detach it"
            )
    _check_terms(losses.terms, iteration)


def _check_terms(terms: Mapping[str, object], iteration: int) -> None:
    for name, term in terms.items():
        many = isinstance(term, Tensor) and term.dim() == 1
        expect_floats(CHECK, f"terms[{name!r}] in iteration {iteration}", term, ("n",) if many else ())


def _check_names(round_: Round, losses: Losses) -> None:
    for name in losses.terms:
        if problem := reserved_term(name):
            raise ConformanceFailure(
                CHECK,
                f"terms[{name!r}], {problem}{place_of(round_.losses)}",
                "terms that replace nothing in the log",
                "rename the term",
            )


def _names(names: Collection[str]) -> str:
    return ", ".join(repr(name) for name in names) or "nobody"
