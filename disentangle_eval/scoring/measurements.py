"""Measurements: a metric under one protocol, planned from the names and settings that a user gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from disentangle_eval.config import NONE, MetricConfig, build, by_setting, settings_of
from disentangle_eval.errors import DevalError, PluginError, UsageError, did_you_mean, nearest, warn
from disentangle_eval.registry.lookup import Registered, load_registry
from disentangle_eval.registry.specs import MetricSpec, Need

# What a metric of the code table needs; `--metric all` means these, except those that take minutes.
CODE_NEEDS: frozenset[Need] = frozenset({"encoder", "factors", "grid", "labels"})
ALL = "all"
BATCH_STATISTICS = ("running", "clean")


@dataclass(frozen=True)
class Measurement:
    """A metric under one protocol, resolved to every number that enters the score.

    `protocol` names the settings, with those that differ from it written behind. A measurement that is not `asked` for
    by name is left out where the subject does not offer what it needs. `batch_statistics` are those of the model:
    `running`, as training left them, or `clean`, for which `calibration.calibrated` has to prepare the model.
    """

    metric: Registered[MetricSpec]
    protocol: str
    cfg: MetricConfig
    asked: bool = True
    batch_statistics: str = "running"

    @property
    def name(self) -> str:
        """The name of the metric."""
        return self.metric.spec.name

    @property
    def owner(self) -> str:
        """The metric with the distribution that it comes from, for messages."""
        return f"metric {self.name!r} of {self.metric.distribution}"


def plan(
    metrics: Iterable[str],
    protocols: Iterable[str] = (),
    changes: Mapping[str, Any] | None = None,
    keywords: Iterable[str] = (),
) -> list[Measurement]:
    """One measurement per metric and protocol: those of `protocols` that the metric has, else its default one.

    METRIC:PROTOCOL is that protocol of the metric alone.
    `all` means every metric that reads codes alone; `DevalWarning` for one that cannot be planned. `changes`
    are settings that differ from the protocol's, in every metric that has them. `UsageError` for an unknown metric, and
    for a protocol or a setting none has, with the nearest name there is, `keywords` of the caller included.
    """
    protocols, changes = tuple(dict.fromkeys(protocols)), dict(changes or {})
    statistics = changes.pop("batch_statistics", "running")
    if statistics not in BATCH_STATISTICS:
        raise UsageError("batch_statistics", received=repr(statistics), expected=" or ".join(BATCH_STATISTICS))
    measurements = []
    for name, asked in _named(metrics).items():
        try:
            measurements += _planned(name, asked, protocols, changes)
        except UsageError:
            raise
        except DevalError as error:
            if asked:
                raise
            warn(f"{name} left out: {error}")
    _refuse_unknown_protocol(protocols, measurements)
    _refuse_unknown_setting(changes, measurements, (*keywords, "batch_statistics"))
    return [replace(measurement, batch_statistics=statistics) for measurement in measurements]


def plan_of(text: str, batch_statistics: str = "running") -> Measurement:
    """As `plan`, the one measurement that studies and `--follow` name: METRIC or METRIC:PROTOCOL.

    `UsageError` for `all`, which is several.
    """
    name, _, protocol = text.partition(":")
    if name == ALL:
        expected = "one metric, NAME or NAME:PROTOCOL"
        raise UsageError("metric", received=repr(text), expected=expected, advice="`deval metrics` lists them")
    (measurement,) = plan([name], [protocol] if protocol else [], {"batch_statistics": batch_statistics})
    return measurement


def _planned(name: str, asked: bool, protocols: Sequence[str], changes: Mapping[str, Any]) -> list[Measurement]:
    registry = load_registry()
    name, colon, own = name.partition(":")
    metric = registry.find_metric(name)
    config: type[MetricConfig] = registry.resolve(metric, "config")
    if not config.protocols:
        raise PluginError(
            f"metric {name!r} of {metric.distribution} names no protocol", expected="at least one in its config"
        )
    changed = by_setting(config, {name: value for name, value in changes.items() if name in _setting_names(config)})
    if colon and own not in config.protocols:
        listed = ", ".join(config.protocols)
        raise UsageError(f"protocol of {name}", received=repr(own), expected=f"one of: {listed}")
    wanted = [own] if colon else [protocol for protocol in protocols if protocol in config.protocols]
    chosen = wanted or list(config.protocols)[:1]
    measurements = []
    for protocol in chosen:
        try:
            named = by_setting(config, dict(build(config, config.protocols[protocol])))
        except (UsageError, TypeError) as error:
            raise PluginError(f"protocol {protocol!r} of metric {name!r} of {metric.distribution}: {error}") from None
        cfg = build(config, config.protocols[protocol], changed)
        values = by_setting(config, dict(cfg))
        differing = [f"{name}={_shown(values[name])}" for name in changed if values[name] != named.get(name)]
        measurements.append(Measurement(metric, ", ".join([protocol, *differing]), cfg, asked))
    return measurements


def _setting_names(config: type[MetricConfig]) -> set[str]:
    """The names that a change may have: of fields, and of single settings within them."""
    return {*config.model_fields, *settings_of(config)}


def _refuse_unknown_protocol(protocols: Iterable[str], measurements: Sequence[Measurement]) -> None:
    known = {protocol for one in measurements for protocol in one.cfg.protocols}
    for protocol in protocols:
        if protocol not in known:
            listed = "; ".join({f"{one.name}'s: {', '.join(one.cfg.protocols)}": None for one in measurements})
            near = nearest(protocol, known)
            having = dict.fromkeys(one.name for one in measurements if near in one.cfg.protocols)
            owners = f" of {' and '.join(having)}" if len({one.name for one in measurements}) > 1 else ""
            raise UsageError(
                "protocol",
                received=repr(protocol),
                expected=f"one of {listed}",
                advice=f"did you mean {near!r}{owners}?" if near else "",
            )


def _refuse_unknown_setting(
    changes: Iterable[str], measurements: Sequence[Measurement], keywords: Iterable[str]
) -> None:
    known = {name for one in measurements for name in _setting_names(type(one.cfg))}
    for name in sorted(set(changes) - known):
        raise UsageError(
            "setting",
            received=name,
            expected=f"a setting of the metric: {', '.join(sorted(known))}",
            advice=did_you_mean(name, {*known, *keywords}),
        )


def _shown(value: Any) -> Any:
    """A setting as a protocol's name holds it: of a path its last part alone."""
    if value is None:
        return NONE
    return value.rpartition("/")[2] if isinstance(value, str) else value


def _named(metrics: Iterable[str]) -> dict[str, bool]:
    """The names of metrics, each once, and whether each was asked for by its own."""
    found: dict[str, bool] = {}
    for name in metrics:
        if name == ALL:
            for registered in load_registry().metrics.values():
                if registered.spec.in_all and registered.spec.needs <= CODE_NEEDS:
                    found.setdefault(registered.spec.name, False)
        else:
            found[name] = True
    return found
