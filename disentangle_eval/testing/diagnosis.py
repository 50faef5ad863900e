"""Which promise of a plugin an exception in training breaks, found by the checks of the kit."""

from __future__ import annotations

from disentangle_eval.api import ImageShape
from disentangle_eval.config import ModelConfig
from disentangle_eval.errors import DevalError, PluginError
from disentangle_eval.registry.lines import located
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
    """The first failure of a model's checks under its settings, else the line of the plugin that raised the error."""
    values = {name: value for name, value in cfg.model_dump().items() if name not in CHEAP}
    candidate = find_candidate(model, shape, values)
    owner = f"model {model!r} of {candidate.registered.distribution} {candidate.registered.distribution_version}"
    for check in CHECKS:
        verdict = judge(candidate, check)
        if isinstance(verdict, ConformanceFailure):
            return PluginError(f"{owner}: {verdict}")
    return PluginError(
        f"training {owner}: {located(error)}", advice=f"`deval check {model}` tries the rest; --debug shows more"
    )
