"""One iteration: each round's gradients at the same weights, then its players' steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from disentangle_eval.api import Losses, Round
from disentangle_eval.errors import PluginError
from disentangle_eval.runtime.taken_gradients import gradients_of
from disentangle_eval.training.players import BuiltPlayer
from disentangle_eval.training.precision import casts_once
from disentangle_eval.training.step import TrainingStep

Terms = dict[str, Tensor]

# What a line of the log, or a tracker, has besides a model's terms.
COUNTER = "iteration"
LOSS = "loss_"
SCORE = "score/"
VALIDATION = "validation_"
# What the log's other names begin with, and what they name.
TAKEN = {LOSS: "totals", SCORE: "followed scores", VALIDATION: "terms on held-back images"}


def run_iteration(
    rounds: Sequence[Round],
    players: Mapping[str, BuiltPlayer],
    step: TrainingStep,
    iteration: int,
) -> Terms:
    """Run the rounds that are due; returns the logged terms, on the device.

    `iteration` is the host's copy of `step.iteration`, so that nothing is read back from the device.
    """
    for player in players.values():
        player.follow_schedule(iteration)
    terms = play_rounds(due(rounds, iteration), players, step)
    step.iteration.add_(1)
    return terms


def due(rounds: Sequence[Round], iteration: int) -> tuple[Round, ...]:
    """The rounds of an iteration in order, each repeated as often as it says."""
    return tuple(round_ for round_ in rounds if is_due(round_, iteration) for _ in range(round_.repeats))


def is_due(round_: Round, iteration: int) -> bool:
    """Whether a round runs in an iteration."""
    return in_phase(round_, iteration) and iteration % round_.every == 0


def in_phase(round_: Round, iteration: int) -> bool:
    """Whether an iteration is between the start and the end of a round."""
    return round_.start <= iteration and (round_.end is None or iteration < round_.end)


def play_rounds(rounds: Sequence[Round], players: Mapping[str, BuiltPlayer], step: TrainingStep) -> Terms:
    """Take each round's losses, gradients and steps, one round after the other; returns the logged terms."""
    terms: Terms = {}
    for round_ in rounds:
        with casts_once(step.iteration.device):
            losses = round_.losses(step)
        play(losses, [(name, players[name]) for name in round_.players])
        terms.update(logged_terms(losses))
    return terms


def play(losses: Losses, players: Sequence[tuple[str, BuiltPlayer]]) -> None:
    """Take every player's gradient, with respect to its own parameters only, then step all.

    Parameters that take no part in a round's loss stay as they are: a gradient penalty has no last bias.
    """
    last = len(players) - 1
    for position, (name, player) in enumerate(players):
        with gradients_of(player.parameters):
            gradients = torch.autograd.grad(
                losses.total[name], player.parameters, retain_graph=position < last, allow_unused=True
            )
        for parameter, gradient in zip(player.parameters, gradients, strict=True):
            parameter.grad = _laid_out_as(parameter, gradient)
    for _, player in players:
        player.clip()
        player.optimiser.step()
        player.optimiser.zero_grad(set_to_none=True)


def _laid_out_as(parameter: Tensor, gradient: Tensor | None) -> Tensor | None:
    """The gradient with the strides of its parameter: PyTorch's fused Adam pairs their numbers in memory order.

    Gradients through a gradient penalty come in another order than weights that are laid out channels last.
    """
    if gradient is None or gradient.stride() == parameter.stride():
        return gradient
    return torch.empty_like(parameter).copy_(gradient)


def logged_terms(losses: Losses) -> Terms:
    """The totals, named `loss_<player>`, and the terms, without their graphs; `PluginError` for a reserved name."""
    for name in losses.terms:
        if problem := reserved_term(name):
            raise PluginError(f"terms[{name!r}]", received=problem, expected="a name of its own", advice="rename it")
    totals = {f"{LOSS}{name}": total.detach() for name, total in losses.total.items()}
    return totals | {name: term.detach() for name, term in losses.terms.items()}


def reserved_term(name: object) -> str:
    """Why a term cannot have a name in the log, empty where it can."""
    if not isinstance(name, str) or not name:
        return f"{type(name).__name__} as a name"
    if name == COUNTER:
        return "the name of the log's own counter"
    prefix = next(filter(name.startswith, TAKEN), None)
    return "" if prefix is None else f"a name that begins with {prefix}, as the names of {TAKEN[prefix]} do"
