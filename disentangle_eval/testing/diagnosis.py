"""Which promise of a plugin an exception in training breaks, found by the checks of the kit."""

from __future__ import annotations

from disentangle_eval.api import ImageShape
from disentangle_eval.config import ModelConfig
from disentangle_eval.errors import DevalError, PluginError
from disentangle_eval.registry.lines import line_of, located
from disentangle_eval.testing.candidate import CHEAP, Check, find_candidate
from disentangle_eval.testing.checks.config import check_config
from disentangle_eval.testing.checks.construction import check_construction
from disentangle_eval.testing.checks.players import check_players
from disentangle_eval.testing.checks.rounds import check_iteration_counter, check_rounds
from disentangle_eval.testing.failure import ConformanceFailure
from disentangle_eval.testing.verdict import judge

# Those that training itself rests on.
CHECKS: tuple[Check, ...] = (check_config, check_construction, check_players, check_rounds, check_iteration_counter)


def diagnosis(model: str, cfg: ModelConfig, shape: ImageShape, error: BaseException) -> DevalError:
    """The first failure of a model's checks under its settings that may be the error, else the line that raised it."""
    values = {name: value for name, value in cfg.model_dump().items() if name not in CHEAP}
    candidate = find_candidate(model, shape, values)
    owner = f"model {model!r} of {candidate.registered.distribution} {candidate.registered.distribution_version}"
    for check in CHECKS:
        verdict = judge(candidate, check)
        if isinstance(verdict, ConformanceFailure) and not is_another(verdict, error):
            return PluginError(f"{owner}: {verdict}")
    return PluginError(
        f"training {owner}: {located(error)}", advice=f"`deval check {model}` tries the rest; --debug shows more"
    )


def is_another(failure: ConformanceFailure, error: BaseException) -> bool:
    """Whether a check met an exception of another type or at another line than training did.

    The images of the checks have other factors than those of the user, whose sizes a model may rely on.
    """
    met = failure.__cause__
    if met is None or isinstance(met, DevalError):
        return False
    raised = error.__cause__ if isinstance(error, DevalError) and error.__cause__ is not None else error
    return (type(met), line_of(met)) != (type(raised), line_of(raised))
