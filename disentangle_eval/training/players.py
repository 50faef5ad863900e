"""Players as the loop runs them: parameters with their optimiser."""

from __future__ import annotations

import copy
import functools
import inspect
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from disentangle_eval.api import Model, Optim, Player, PolynomialDecay, Round, Schedule
from disentangle_eval.errors import PluginError, describe
from disentangle_eval.nn.freezing import frozen_parameters
from disentangle_eval.runtime.optimisers import without_compiler
from disentangle_eval.training.rmsprop import RMSprop

# What depends on the device alone.
DEVICE_FLAGS = ("capturable", "fused", "foreach", "differentiable")
FUSED = ("Adam", "AdamW", "SGD")
# Their state starts at zero, where `Rewind` puts it, and is on the device. SGD's does without dampening.
CAPTURED = ("Adam", "AdamW", "Adamax", "RAdam", "RMSprop", "Adadelta", "SGD")


@dataclass(frozen=True)
class BuiltPlayer:
    """A player's parameters, in a fixed order, and the optimiser that owns them.

    `rates` are the learning rates the optimiser's groups start with.
    """

    parameters: tuple[nn.Parameter, ...]
    optimiser: torch.optim.Optimizer
    rates: tuple[float, ...]
    schedule: Schedule | None
    clip_norm: float | None = None

    def load(self, state: dict[str, Any]) -> None:
        """Load a copy of an optimiser's state from a checkpoint, which may come from another device."""
        own = self.optimiser.param_groups
        groups = [
            {**stored, **{name: mine[name] for name in DEVICE_FLAGS if name in mine}, "lr": rate}
            for stored, mine, rate in zip(state["param_groups"], own, self.rates, strict=True)
        ]
        # The optimiser would change the tensors that it is given.
        self.optimiser.load_state_dict(copy.deepcopy({**state, "param_groups": groups}))

    def follow_schedule(self, iteration: int) -> None:
        """Set the learning rates of an iteration, whatever they were before: a resumed optimiser brings its last."""
        schedule = self.schedule
        if schedule is not None:
            if isinstance(schedule, PolynomialDecay):
                share = schedule.share(iteration)
            else:
                share = float(schedule(torch.tensor(iteration)))
            for group, rate in zip(self.optimiser.param_groups, self.rates, strict=True):
                group["lr"] = rate * share

    def follow_schedule_on_device(self, iteration: Tensor) -> None:
        """As `follow_schedule`, without the host: the rates become () tensors that each iteration sets."""
        if self.schedule is not None:
            share = self.schedule(iteration)
            for group, rate in zip(self.optimiser.param_groups, self.rates, strict=True):
                if not isinstance(group["lr"], Tensor):
                    group["lr"] = torch.zeros((), device=iteration.device)
                group["lr"].copy_(rate * share)

    def clip(self) -> None:
        """Scale the gradient of all parameters together down to the greatest norm allowed; nothing is read back."""
        if self.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(self.parameters, self.clip_norm)

    def why_not_captured(self) -> str | None:
        """Why a CUDA graph cannot hold the optimiser's steps, or None."""
        kind, groups = type(self.optimiser).__name__, self.optimiser.param_groups
        if kind not in CAPTURED or any(group.get("dampening") for group in groups):
            return f"a graph cannot hold the steps of this {kind}, whose state does not start at zero on the device"
        return None


def build_players(model: Model[Any]) -> dict[str, BuiltPlayer]:
    """The players by name, after checking that they own every parameter exactly once."""
    players = model.players()
    problems = [*name_problems(players), *ownership_problems(model, players)]
    if problems:
        raise PluginError(
            f"{type(model).__name__}.players(): {problems[0]}", advice="`deval check` lists all such faults"
        )
    return {player.name: _build(player) for player in players}


def refuse_idle(rounds: Iterable[Round], players: Iterable[str]) -> None:
    """`PluginError` where a player has no round, and so would not be trained."""
    idle = set(players).difference(*(round_.players for round_ in rounds))
    if idle:
        raise PluginError(
            "rounds()", received=f"no round of {', '.join(sorted(idle))}", expected="a round for every player"
        )


def name_problems(players: Sequence[Player]) -> list[str]:
    """The names that more than one player has."""
    names = Counter(player.name for player in players)
    return [f"{count} players are called {name!r}" for name, count in names.items() if count > 1]


def ownership_problems(model: Model[Any], players: Sequence[Player]) -> list[str]:
    """Every way in which the players do not own each parameter of the model exactly once, those of `Frozen` aside."""
    problems = []
    frozen = frozen_parameters(model)
    owners: dict[nn.Parameter, list[str]] = {p: [] for p in model.parameters() if p not in frozen}
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
        elif parameter in frozen:
            problems.append(f"parameter {label!r} is of a Frozen network and belongs to player {owned_by[0]!r}")
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
    if not groups:
        raise PluginError(
            f"player {player.name!r}", received="no parameter to train", expected="at least one", advice="leave it out"
        )
    owned = tuple(parameter for group in groups for parameter in group["params"])
    rates = tuple(group["lr"] for group in groups)
    optim = player.optim
    return BuiltPlayer(owned, _optimiser(player.name, optim, groups), rates, optim.schedule, optim.clip_norm)


def trainable(module: nn.Module) -> list[nn.Parameter]:
    """The parameters of a network that are not frozen."""
    return [parameter for parameter in module.parameters() if parameter.requires_grad]


def _optimiser(player: str, optim: Optim, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
    kind = _optimisers().get(optim.kind.lower())
    if kind is None:
        known = ", ".join(sorted(one.__name__ for one in _optimisers().values()))
        raise PluginError(f"player {player!r}: optimiser", received=repr(optim.kind), expected=f"one of {known}")
    taken = inspect.signature(kind).parameters
    fields = {name: getattr(optim, name) for name in ("betas", "alpha", "momentum", "eps", "weight_decay")}
    given = {name: value for name, value in fields.items() if value is not None} | dict(optim.arguments)
    for name in given:
        if name not in taken or name in ("params", "lr", *DEVICE_FLAGS):
            expected = ", ".join(sorted(set(taken) - {"params", "lr", *DEVICE_FLAGS}))
            raise PluginError(
                f"player {player!r}: {kind.__name__}", received=f"the argument {name!r}", expected=f"some of {expected}"
            )
    try:
        built: torch.optim.Optimizer = without_compiler(kind)(
            groups, lr=optim.lr, **given, **_device_flags(kind, taken, groups)
        )
    except (TypeError, ValueError) as error:
        advice = "correct the arguments of its Optim and the lr of its groups"
        raise PluginError(f"player {player!r}: {kind.__name__}: {describe(error)}", advice=advice) from None
    return built


def _device_flags(kind: type, taken: Collection[str], groups: list[dict[str, Any]]) -> dict[str, Any]:
    """How the steps are computed: in one kernel where there is one, and without the host."""
    flags: dict[str, Any] = (
        {"fused": True} if kind.__name__ in FUSED else {"foreach": True} if "foreach" in taken else {}
    )
    if "capturable" in taken:
        # Counts steps on the device, so that a CUDA graph can hold the step.
        flags["capturable"] = all(parameter.is_cuda for group in groups for parameter in group["params"])
    return flags


@functools.cache
def _optimisers() -> dict[str, Any]:
    """torch's optimisers by name in lower case, but for those that need closures or sparse gradients."""
    left_out = {"Optimizer", "LBFGS", "SparseAdam"}
    named = {
        name.lower(): one
        for name, one in vars(torch.optim).items()
        if isinstance(one, type) and issubclass(one, torch.optim.Optimizer) and name not in left_out
    }
    return named | {"rmsprop": RMSprop}
