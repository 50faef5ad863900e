"""What a metric needs of a subject, and which metrics are left out or refused without it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from disentangle_eval.api import Subject
from disentangle_eval.config import build
from disentangle_eval.errors import DevalError, UsageError, warn
from disentangle_eval.registry.specs import Need
from disentangle_eval.scoring.measurements import Measurement

DATA_NEEDS: frozenset[Need] = frozenset({"images", "factors", "grid", "labels"})


def unmet(measurement: Measurement, offered: frozenset[str]) -> list[str]:
    """What the metric needs under its settings and a subject that offers so much does not."""
    return sorted(measurement.cfg.needed(measurement.metric.spec.needs) - offered)


def can_serve(planned: Iterable[tuple[Measurement, Subject, str]]) -> list[bool]:
    """Whether each subject, called by the name next to it in messages, offers what the metric needs.

    Where one does not: `UsageError` for a metric that was asked for by name; of the others a `DevalWarning` names all
    that miss the same.
    """
    left_out: dict[str, list[str]] = {}
    served = []
    for measurement, subject, name in planned:
        lacking = unmet(measurement, subject.offered)
        missing = ", ".join(lacking)
        if lacking == ["peers"] and measurement.asked:
            raise _without_peers(measurement)
        if missing and measurement.asked:
            raise UsageError(
                f"metric {measurement.name!r} needs {missing}, which {name} does not offer",
                advice=_advice_on(measurement, lacking, subject.offered),
            )
        if missing:
            left_out.setdefault(f"{name} has no {missing}", []).append(measurement.name)
        served.append(not missing)
    for reason, names in left_out.items():
        warn(f"{', '.join(names)} left out: {reason}")
    return served


def _advice_on(measurement: Measurement, lacking: Collection[str], offered: frozenset[str]) -> str:
    """Which protocol of the metric needs no more than is offered, else where needs and offers are listed."""
    config = type(measurement.cfg)
    for protocol, values in measurement.cfg.protocols.items():
        if not unmet(replace(measurement, cfg=build(config, values)), offered):
            return f"its protocol {protocol!r} does without"
    of_data = "`deval data verify` what a data set offers" if DATA_NEEDS & set(lacking) else ""
    of_model = "`deval check MODEL` what a model lacks" if "images" in offered and set(lacking) - DATA_NEEDS else ""
    return ", ".join(filter(None, ["`deval metrics` lists what each metric needs", of_data, of_model]))


def refuse_without_peers(measurements: Iterable[Measurement]) -> None:
    """`UsageError` for a metric that was asked for by name and compares models, of which there is only one."""
    for measurement in measurements:
        if measurement.asked and "peers" in measurement.cfg.needed(measurement.metric.spec.needs):
            raise _without_peers(measurement)


def _without_peers(measurement: Measurement) -> UsageError:
    return UsageError(f"metric {measurement.name!r} compares models", advice="give at least two checkpoints")


def is_left_out(measurement: Measurement, error: DevalError) -> bool:
    """Whether this says that the data do not allow a metric that nobody asked for by name."""
    return not measurement.asked and isinstance(error, UsageError)
