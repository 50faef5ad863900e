"""What is installed: models, data sets and metrics, as plain records."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from disentangle_eval.config import build, flat, preset_records
from disentangle_eval.errors import DevalError
from disentangle_eval.interface.paths import PathLike, expanded
from disentangle_eval.registry.lookup import Registered, load_registry
from disentangle_eval.registry.specs import MetricSpec, ModelSpec, Spec


def list_models() -> list[dict[str, Any]]:
    """The models that can be trained, one record per model.

    `presets` lists a model's named settings, the default first, each with a note on its values and the data sets it has
    values for ("*" for any); it is None where the settings cannot be imported.

    Example::

        [model["name"] for model in de.list_models()]
    """
    return [{**_fields(model), "presets": _presets(model)} for _, model in sorted(load_registry().models.items())]


def list_datasets(data_dir: PathLike | None = None) -> list[dict[str, Any]]:
    """The data sets that can be trained and scored on, one record per data set.

    `state` is "here" (its files are), "drawn here" (it needs none), "missing" some files, which the list `missing`
    names, "your own" (write NAME:PATH) or "unknown". Files are read from `data_dir`, by default from the folder that
    `DEVAL_DATA` names.

    Example::

        [data["name"] for data in de.list_datasets() if data["state"] in ("here", "drawn here")]
    """
    from disentangle_eval.data.files.locations import data_folder
    from disentangle_eval.data.files.presence import presence

    folder = data_folder(expanded(data_dir))
    found = [(data, presence(data.spec, folder)) for _, data in sorted(load_registry().datasets.items())]
    return [
        {**_fields(data), "state": there.state, "missing": [file.path for file in there.missing]}
        for data, there in found
    ]


def list_metrics() -> list[dict[str, Any]]:
    """The metrics that can be scored, one record per metric.

    `needs` lists what a metric needs of what it scores, `protocols` its named settings, the default first, and
    `settings` has their values by protocol; both are None where the settings cannot be imported.

    Example::

        [metric["name"] for metric in de.list_metrics() if "grid" in metric["needs"]]
    """
    return [
        {**_fields(metric), "protocols": _protocols(metric), "settings": _settings(metric)}
        for _, metric in sorted(load_registry().metrics.items())
    ]


def _fields(registered: Registered[Spec]) -> dict[str, Any]:
    spec = asdict(registered.spec)
    return {
        **{name: sorted(value) if isinstance(value, frozenset) else value for name, value in spec.items()},
        "distribution": registered.distribution,
        "distribution_version": registered.distribution_version,
    }


def _presets(model: Registered[ModelSpec]) -> list[dict[str, Any]] | None:
    try:
        return preset_records(load_registry().resolve(model, "config"))
    except (DevalError, AttributeError, TypeError):
        return None


def _protocols(metric: Registered[MetricSpec]) -> list[str] | None:
    try:
        return list(load_registry().resolve(metric, "config").protocols)
    except (DevalError, AttributeError, TypeError):
        return None


def _settings(metric: Registered[MetricSpec]) -> dict[str, dict[str, Any]] | None:
    try:
        config = load_registry().resolve(metric, "config")
        return {name: flat(build(config, values)) for name, values in config.protocols.items()}
    except (DevalError, AttributeError, TypeError):
        return None
