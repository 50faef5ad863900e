"""From a subject and a metric's protocol to results that say everything about themselves."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from disentangle_eval.api import Subject
from disentangle_eval.config import MetricConfig, build
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.metrics.code_file import code_table
from disentangle_eval.registry.lookup import Registered, load_registry
from disentangle_eval.registry.names import parse_dataset
from disentangle_eval.registry.specs import MetricSpec, Need
from disentangle_eval.results import Result
from disentangle_eval.runtime.versions import versions

# What a metric of the code table needs; `--metric all` stands for these, but for those that take minutes.
CODE_NEEDS: frozenset[Need] = frozenset({"encoder", "factors", "grid", "labels"})
ALL = "all"


@dataclass(frozen=True)
class Measurement:
    """A metric under one protocol, resolved to every number that enters the score.

    `protocol` names the settings, with those changed by hand written behind it. A measurement that is not `asked` for
    by name is left out where the subject does not offer what it needs.
    """

    metric: Registered[MetricSpec]
    protocol: str
    cfg: MetricConfig
    asked: bool = True


def plan(
    metrics: Iterable[str], protocols: Iterable[str] = (), changes: Mapping[str, Any] | None = None
) -> list[Measurement]:
    """One measurement a metric and protocol: those of `protocols` that the metric has, else its default one.

    `all` stands for every metric that reads nothing but codes. `changes` are settings that differ from the protocol's,
    in every metric that has them. `UsageError` for an unknown metric, and for a protocol or a setting none has.
    """
    protocols, changes = tuple(protocols), dict(changes or {})
    registry = load_registry()
    measurements = []
    unused, unknown = set(changes), dict.fromkeys(protocols)
    for name, asked in _named(metrics):
        metric = registry.find_metric(name)
        config: type[MetricConfig] = registry.resolve(metric, "config")
        if not config.protocols:
            raise DevalError(
                f"metric {name!r} of {metric.distribution} names no protocol; its config needs at least one"
            )
        changed = {field: value for field, value in changes.items() if field in config.model_fields}
        unused -= set(changed)
        chosen = [protocol for protocol in protocols if protocol in config.protocols]
        for protocol in chosen or list(config.protocols)[:1]:
            unknown.pop(protocol, None)
            cfg = build(config, {**config.protocols[protocol], **changed})
            label = ", ".join([protocol, *(f"{field}={_shown(getattr(cfg, field))}" for field in changed)])
            measurements.append(Measurement(metric, label, cfg, asked))
    if unknown:
        known = "; ".join({f"{one.metric.spec.name}'s: {', '.join(one.cfg.protocols)}": None for one in measurements})
        raise UsageError(f"--protocol: received {next(iter(unknown))!r}, expected one of {known}")
    if unused:
        known = ", ".join(sorted({field for one in measurements for field in type(one.cfg).model_fields}))
        raise UsageError(f"--set: received {', '.join(sorted(unused))}, expected a setting of the metric: {known}")
    return measurements


def _shown(value: Any) -> Any:
    """A setting as a protocol's name holds it: of a path its last part alone."""
    return value.rpartition("/")[2] if isinstance(value, str) else value


def _named(metrics: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """The names of metrics, and whether each was asked for by its own."""
    for name in metrics:
        if name == ALL:
            for record in load_registry().metrics.values():
                if record.spec.in_all and record.spec.needs <= CODE_NEEDS:
                    yield record.spec.name, False
        else:
            yield name, True


def scored_on(measurement: Measurement, trained_on: str) -> str:
    """The name of the data set on which a model trained on another is scored, unless the user names one.

    That is the data set it was trained on, or for a metric that needs labels the one its record names as `test`.
    """
    record = load_registry().datasets.get(parse_dataset(trained_on).name)
    test = record.spec.test if record and "labels" in measurement.metric.spec.needs else ""
    return test or trained_on


def unmet(measurement: Measurement, offered: frozenset[str]) -> list[str]:
    """What the metric needs and the subject does not offer."""
    return sorted(measurement.metric.spec.needs - offered)


def refuse_unmet(measurement: Measurement, offered: frozenset[str], subject: str) -> None:
    """`UsageError` where the metric needs what the subject does not offer."""
    if missing := unmet(measurement, offered):
        raise UsageError(
            f"metric {measurement.metric.spec.name!r} needs {', '.join(missing)}, which {subject} does not offer; "
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


def score(
    codes: Any,
    factors: Any = None,
    *,
    metrics: Sequence[str] = (ALL,),
    protocol: str | None = None,
    factor_sizes: Sequence[int] | None = None,
    factor_names: Sequence[str] | None = None,
    factor_bins: int | None = None,
    code_classes: Sequence[int] | None = None,
    labels: Any = None,
    seed: int = 0,
    **settings: Any,
) -> dict[str, Result]:
    """The scores of a table of codes by metric.

    `codes` (N, K) real numbers, numpy or torch. What stands behind them is one of `factors` (N, F), the factor values
    of each row; `factor_sizes` (F,), for one row a combination of factors in grid order, the last factor fastest; or
    `labels` (N,) integers. Factors of real numbers are cut into `factor_bins` classes. `code_classes` (K,) is the
    number of classes of a column that holds class indices, else 0. `metrics` are names, `"all"` for every metric that
    reads nothing but codes, takes no minutes and that these data allow; each is scored under its default protocol
    unless `protocol` names another, with `settings` changed. UsageError for anything wrong.
    """
    given = {
        "codes": codes,
        "factors": factors,
        "factor_sizes": factor_sizes,
        "factor_names": factor_names,
        "factor_bins": factor_bins,
        "code_classes": code_classes,
        "labels": labels,
    }
    table = code_table({name: _array(value) for name, value in given.items() if value is not None})
    measurements = plan(metrics, () if protocol is None else (protocol,), settings)
    results = {}
    for measurement in measurements:
        if measurement.asked or not unmet(measurement, table.offered):
            refuse_unmet(measurement, table.offered, "this table of codes")
            results[measurement.metric.spec.name] = measure(measurement, table, seed, {})
    return results


def _array(value: Any) -> np.ndarray:
    return value.detach().cpu().numpy() if _is_tensor(value) else np.asarray(value)


def _is_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)
