"""What a study needs that no installed plugin provides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from disentangle_eval.errors import DevalError, warn
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.registry.names import parse_dataset
from disentangle_eval.study.collecting import collecting_at
from disentangle_eval.study.design import Trial


def warn_of_missing(trials: Iterable[Trial]) -> None:
    """One `DevalWarning` that names what some trials need and no plugin provides, with how to have it.

    What a plugin provides but cannot be used, such as a metric without the protocol, is in the same warning.
    """
    from disentangle_eval.scoring.measurements import plan_of

    registry, trials = load_registry(), list(trials)
    metrics = {metric: metric.partition(":")[0] for trial in trials for metric in trial.metrics}
    missing = [
        *unknown("model", registry.models, {trial.model: registry.how_to_have(trial.distribution) for trial in trials}),
        *unknown("data set", registry.datasets, {parse_dataset(trial.dataset).name: "" for trial in trials}),
        *unknown("metric", registry.metrics, dict.fromkeys(metrics.values(), "")),
    ]
    unusable: list[DevalError] = []
    for metric, name in metrics.items():
        if name in registry.metrics:
            collecting_at(f"metric {metric!r}", unusable, plan_of, metric)
    found = [f"no installed plugin provides {', '.join(missing)}"] if missing else []
    if found or unusable:
        warn("; ".join([*found, *map(str, unusable)]))


def unknown(noun: str, known: Mapping[str, object], advice: Mapping[str, str]) -> list[str]:
    """The names that are not known, each with what it names and the advice on it, if there is one."""
    return [
        f"{noun} {name!r} ({text})" if text else f"{noun} {name!r}"
        for name, text in advice.items()
        if name not in known
    ]
