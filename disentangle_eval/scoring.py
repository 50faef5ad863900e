"""From a subject and a metric's protocol to results that say everything about themselves."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from disentangle_eval.api import Dataset, Encoder, Generator, Posterior, Subject
from disentangle_eval.checkpoint import versions
from disentangle_eval.config import MetricConfig, build
from disentangle_eval.data.dataset import labels_of
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.registry import Registered, load_registry
from disentangle_eval.results import Result
from disentangle_eval.specs import MetricSpec


@dataclass(frozen=True)
class Measurement:
    """A metric under one protocol, resolved to every number that enters the score."""

    metric: Registered[MetricSpec]
    protocol: str
    cfg: MetricConfig


def plan(metrics: Iterable[str], protocols: Iterable[str]) -> list[Measurement]:
    """One measurement a metric and protocol; without protocols, each metric's default one.

    `UsageError` for an unknown metric or a protocol the metric does not have.
    """
    protocols = tuple(protocols)
    registry = load_registry()
    measurements = []
    for name in metrics:
        metric = registry.find_metric(name)
        config: type[MetricConfig] = registry.resolve(metric, "config")
        if not config.protocols:
            raise DevalError(
                f"metric {name!r} of {metric.distribution} names no protocol; its config needs at least one"
            )
        for protocol in protocols or tuple(config.protocols)[:1]:
            if protocol not in config.protocols:
                known = ", ".join(config.protocols)
                raise UsageError(f"--protocol: received {protocol!r}, expected one of {name}'s: {known}")
            measurements.append(Measurement(metric, protocol, build(config, config.protocols[protocol])))
    return measurements


def offered_by(model: Any, data: Dataset) -> frozenset[str]:
    """What a model on a data set offers, in the words of `MetricSpec.needs`."""
    kinds = {"encoder": Encoder, "generator": Generator, "prior": Generator, "posterior": Posterior}
    known = {"factors": data.factors, "labels": labels_of(data)}
    return frozenset(
        {need for need, kind in kinds.items() if isinstance(model, kind)}
        | {need for need, value in known.items() if value is not None}
        | {"images"}
    )


def scored_on(measurement: Measurement, trained_on: str) -> str:
    """The name of the data set on which a model trained on another is scored, unless the user names one.

    That is the data set it was trained on, or for a metric that needs labels the one its record names as `test`.
    """
    record = load_registry().datasets.get(trained_on)
    test = record.spec.test if record and "labels" in measurement.metric.spec.needs else ""
    return test or trained_on


def refuse_unmet(measurement: Measurement, offered: frozenset[str], subject: str) -> None:
    """`UsageError` where the metric needs what the subject does not offer."""
    spec = measurement.metric.spec
    missing = sorted(spec.needs - offered)
    if missing:
        raise UsageError(
            f"metric {spec.name!r} needs {', '.join(missing)}, which {subject} does not offer; "
            "`deval metrics` lists what each metric needs"
        )


def measure(measurement: Measurement, subject: Subject, seed: int, about: Mapping[str, Any]) -> Result:
    """The score of a subject, with what it is `about` (model, checkpoint, data set, ...) written beside it."""
    spec = measurement.metric.spec
    metric = load_registry().resolve(measurement.metric)(measurement.cfg)
    start = time.perf_counter()
    scores = metric.score(subject, seed)
    seconds = time.perf_counter() - start
    details = dict(scores.values)
    return Result(
        metric=spec.name,
        metric_version=spec.version,
        value=details.pop(spec.headline),
        better=spec.better,
        chance=scores.chance,
        details=details,
        settings={"protocol": measurement.protocol, **measurement.cfg.model_dump(mode="json")},
        seed=seed,
        seconds=round(seconds, 3),
        versions=versions(),
        **about,
    )
