"""What each player learns from."""

from __future__ import annotations

import torch
from torch import Tensor

from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.testing.failure import ConformanceFailure, reached
from disentangle_eval.testing.trial import Trial

CHECK = "gradients"


def check_gradients(candidate: Candidate) -> None:
    """Every parameter gets a finite gradient from its player's total in at least one round."""
    trial = Trial(candidate, seed=0)
    labels = {parameter: name for name, parameter in trial.model.named_parameters()}
    learning = set()
    for round_ in trial.due():
        with reached("calling a round", see="rounds"):
            losses = round_.losses(trial.step)
        for name in round_.players:
            parameters = trial.players[name].parameters
            with reached("taking gradients", see="rounds"):
                gradients: tuple[Tensor | None, ...] = torch.autograd.grad(
                    losses.total[name], parameters, retain_graph=True, allow_unused=True
                )
            for parameter, gradient in zip(parameters, gradients, strict=True):
                if gradient is None:
                    continue
                learning.add(parameter)
                if not bool(gradient.isfinite().all()):
                    raise ConformanceFailure(
                        CHECK,
                        f"a NaN or infinite gradient of {labels[parameter]!r} for player {name!r}",
                        "finite gradients",
                        "look for sqrt, log or division at 0, and for torch.where over an infinite branch",
                    )
    for name, player in trial.players.items():
        idle = [labels[parameter] for parameter in player.parameters if parameter not in learning]
        if idle:
            more = f" and {len(idle) - 3} more" if len(idle) > 3 else ""
            raise ConformanceFailure(
                CHECK,
                f"no gradient of {', '.join(map(repr, idle[:3]))}{more} for player {name!r} in any round",
                "every parameter to take part in its player's total",
                "remove what is not used, look for a detach() in the way, or give it to the player that trains it",
            )
