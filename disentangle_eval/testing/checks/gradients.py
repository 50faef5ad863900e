"""What each player learns from."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.testing.checks.rounds import check_rounds
from disentangle_eval.testing.expect import OF_NUMBERS
from disentangle_eval.testing.failure import ConformanceFailure
from disentangle_eval.testing.trial import Trial
from disentangle_eval.testing.verdict import rests_on


def check_gradients(candidate: Candidate) -> None:
    """Every parameter takes part in its player's total in at least one round, and every gradient is finite."""
    rests_on(candidate, check_rounds)
    trial = Trial(candidate, seed=0)
    labels = {parameter: name for name, parameter in trial.model.named_parameters()}
    learning: set[nn.Parameter] = set()
    for round_ in trial.rounds:
        losses = round_.losses(trial.step)
        for name in round_.players:
            parameters = trial.players[name].parameters
            gradients: tuple[Tensor | None, ...] = torch.autograd.grad(
                losses.total[name], parameters, retain_graph=True, allow_unused=True
            )
            learning |= {p for p, gradient in zip(parameters, gradients, strict=True) if gradient is not None}
            for parameter, gradient in zip(parameters, gradients, strict=True):
                if gradient is not None and not bool(gradient.isfinite().all()):
                    raise ConformanceFailure(
                        "gradients",
                        f"a gradient of {labels[parameter]!r} for player {name!r} with NaN or infinity",
                        "finite numbers",
                        OF_NUMBERS,
                    )
    for name, player in trial.players.items():
        idle = [labels[parameter] for parameter in player.parameters if parameter not in learning]
        if idle:
            more = f" and {len(idle) - 3} more" if len(idle) > 3 else ""
            raise ConformanceFailure(
                "gradients",
                f"no gradient of {', '.join(map(repr, idle[:3]))}{more} for player {name!r} in any round",
                "every parameter to take part in its player's total",
                "remove what is not used, look for a detach() in the way, or give it to the player that trains it",
            )
