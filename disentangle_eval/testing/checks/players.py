"""Who owns which parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from disentangle_eval.api import Model, Player
from disentangle_eval.nn.freezing import frozen_parameters
from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.testing.checks.construction import check_construction
from disentangle_eval.testing.failure import ConformanceFailure, explained
from disentangle_eval.testing.verdict import rests_on
from disentangle_eval.training.players import build_players, name_problems, ownership_problems

CHECK = "players"


def check_players(candidate: Candidate) -> None:
    """Every parameter has exactly one player, no two players have one name, and every player can be built."""
    rests_on(candidate, check_construction)
    model = candidate.model(seed=0)
    with explained(CHECK, "return a list of Player", model.players):
        _check_ownership(model, model.players())
    with explained(CHECK, "correct the players", model.players):
        build_players(model)


def _check_ownership(model: Model[Any], players: Sequence[Player]) -> None:
    if problems := name_problems(players):
        raise ConformanceFailure(
            CHECK,
            "; ".join(problems),
            "a name of its own for every player",
            "rename one of them, in its rounds and totals as well",
        )
    problems = ownership_problems(model, players)
    if problems:
        more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise ConformanceFailure(
            CHECK,
            "; ".join(problems[:3]) + more,
            "every parameter in exactly one group of one player",
            "give each network to one player; make what is not trained a buffer, or wrap the network in Frozen",
        )
    meant = frozen_parameters(model)
    frozen = [name for name, p in model.named_parameters() if not p.requires_grad and p not in meant]
    if frozen:
        raise ConformanceFailure(
            CHECK,
            f"frozen parameters {', '.join(frozen[:3])}",
            "parameters that are trained",
            "make them buffers, or wrap the network in disentangle_eval.nn.freezing.Frozen",
        )
