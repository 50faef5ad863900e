"""Players as the loop runs them: parameters with their optimiser."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from disentangle_eval.api import Model, Optim, Player, PolynomialDecay
from disentangle_eval.errors import DevalError
from disentangle_eval.training.rmsprop import RMSprop


@dataclass(frozen=True)
class BuiltPlayer:
    """A player's parameters, in a fixed order, and the optimiser that owns them.

    `rates` are the learning rates the optimiser's groups start with.
    """

    parameters: tuple[nn.Parameter, ...]
    optimiser: torch.optim.Optimizer
    rates: tuple[float, ...]
    schedule: PolynomialDecay | None

    def load(self, state: dict[str, Any]) -> None:
        """Load the optimiser's state from a checkpoint, which may come from another device."""
        own = self.optimiser.param_groups
        groups = [
            {**stored, "capturable": mine["capturable"], "lr": rate}
            for stored, mine, rate in zip(state["param_groups"], own, self.rates, strict=True)
        ]
        self.optimiser.load_state_dict({**state, "param_groups": groups})

    def follow_schedule(self, iteration: int) -> None:
        """Set the learning rates of an iteration, whatever they were before: a resumed optimiser brings its last."""
        if self.schedule is not None:
            share = self.schedule.share(iteration)
            for group, rate in zip(self.optimiser.param_groups, self.rates, strict=True):
                group["lr"] = rate * share

    def follow_schedule_on_device(self, iteration: Tensor) -> None:
        """As `follow_schedule`, without the host: the rates become () tensors that each iteration sets."""
        if self.schedule is not None:
            left = (1 - iteration.double() / self.schedule.iterations).clamp(min=0)
            share = self.schedule.final + (1 - self.schedule.final) * left**self.schedule.power
            for group, rate in zip(self.optimiser.param_groups, self.rates, strict=True):
                if not isinstance(group["lr"], Tensor):
                    group["lr"] = torch.zeros((), device=iteration.device)
                group["lr"].copy_(rate * share)


def build_players(model: Model[Any]) -> dict[str, BuiltPlayer]:
    """The players by name, after checking that they own every parameter exactly once."""
    players = model.players()
    problems = ownership_problems(model, players)
    if problems:
        raise DevalError(
            f"{type(model).__name__}.players(): {problems[0]}", advice="`deval check` lists all such faults"
        )
    return {player.name: _build(player) for player in players}


def ownership_problems(model: Model[Any], players: Sequence[Player]) -> list[str]:
    """Every way in which the players do not own each parameter of the model exactly once."""
    names = Counter(player.name for player in players)
    problems = [f"{count} players are called {name!r}" for name, count in names.items() if count > 1]
    owners: dict[nn.Parameter, list[str]] = {parameter: [] for parameter in model.parameters()}
    for player in players:
        for parameter in _parameters(player):
            owners.setdefault(parameter, []).append(player.name)
    labels = {parameter: name for name, parameter in model.named_parameters()}
    for parameter, owned_by in owners.items():
        label = labels.get(parameter, "a tensor that is no parameter of the model")
        if not owned_by:
            problems.append(f"parameter {label!r} belongs to no player")
        elif len(owned_by) > 1:
            problems.append(f"parameter {label!r} belongs to more than one group: {', '.join(owned_by)}")
        elif parameter not in labels:
            problems.append(f"player {owned_by[0]!r} owns {label}")
    return problems


def _parameters(player: Player) -> list[nn.Parameter]:
    return [parameter for group in player.groups for parameter in group.module.parameters()]


def _build(player: Player) -> BuiltPlayer:
    groups: list[dict[str, Any]] = [
        {"params": parameters, "lr": player.optim.lr if group.lr is None else group.lr}
        for group in player.groups
        if (parameters := trainable(group.module))
    ]
    owned = tuple(parameter for group in groups for parameter in group["params"])
    rates = tuple(group["lr"] for group in groups)
    return BuiltPlayer(owned, _optimiser(player.optim, groups), rates, player.optim.schedule)


def trainable(module: nn.Module) -> list[nn.Parameter]:
    """The parameters of a network that are not frozen."""
    return [parameter for parameter in module.parameters() if parameter.requires_grad]


def _optimiser(optim: Optim, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
    common: dict[str, Any] = {
        "lr": optim.lr,
        "eps": optim.eps,
        "weight_decay": optim.weight_decay,
        # Counts steps on the device, so that a CUDA graph can hold the step.
        "capturable": all(parameter.is_cuda for group in groups for parameter in group["params"]),
    }
    if optim.kind == "adam":
        return torch.optim.Adam(groups, betas=optim.betas, fused=True, **common)
    return RMSprop(groups, alpha=optim.alpha, momentum=optim.momentum, foreach=True, **common)
