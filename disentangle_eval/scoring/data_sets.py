"""The data sets that a model is scored on, where the user names none."""

from __future__ import annotations

from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.registry.names import parse_dataset
from disentangle_eval.scoring.measurements import Measurement


def scored_on(measurement: Measurement, trained_on: str) -> str:
    """The name of the data set on which a model trained on another is scored, unless the user names one.

    That is the data set it was trained on, or for a metric that needs labels the one its spec names as `test`.
    """
    needs_labels = "labels" in measurement.metric.spec.needs
    return (_companion(trained_on, "test") if needs_labels else "") or trained_on


def validated_on(measurement: Measurement, trained_on: str) -> str:
    """The name of the data set that is held back from another's training, for a metric that needs it; else nothing."""
    needed = measurement.cfg.needed(measurement.metric.spec.needs)
    return _companion(trained_on, "validation") if "validation" in needed else ""


def _companion(name: str, kind: str) -> str:
    """What the spec of a data set names as its `test` or `validation` set, with the settings that both have."""
    registry, written = load_registry(), parse_dataset(name)
    registered = registry.datasets.get(written.name)
    other = getattr(registered.spec, kind) if registered else ""
    if not other or not written.settings or other not in registry.datasets:
        return other
    of_other = registry.datasets[other]
    known = registry.resolve(of_other, "config").model_fields if of_other.spec.config else {}
    settings = "&".join(f"{key}={value}" for key, value in written.settings.items() if key in known)
    return f"{other}?{settings}" if settings else other
