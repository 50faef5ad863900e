"""From a subject and a metric's protocol to results that say everything about themselves. Nothing here needs torch."""

from __future__ import annotations

import contextlib
import math
import time
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from numbers import Integral
from typing import Any

from disentangle_eval.api import Scores, Subject
from disentangle_eval.config import MetricConfig, build, by_setting, defaults, settings_of
from disentangle_eval.errors import (
    DevalError,
    DevalWarning,
    PluginError,
    UsageError,
    did_you_mean,
    is_out_of_memory,
    nearest,
    warn,
)
from disentangle_eval.metrics.arrays import as_array
from disentangle_eval.metrics.code_file import code_table
from disentangle_eval.opening import OpenedSubject
from disentangle_eval.registry.lines import line_of, located
from disentangle_eval.registry.lookup import Registered, load_registry
from disentangle_eval.registry.names import parse_dataset
from disentangle_eval.registry.plugin_code import plugin_code
from disentangle_eval.registry.specs import MetricSpec, Need
from disentangle_eval.results import Result, agrees, append, plain, recorded_lines, result_of
from disentangle_eval.runtime.progress import cheaper_way, remark_if_long
from disentangle_eval.runtime.versions import versions

# What a metric of the code table needs; `--metric all` means these, except those that take minutes.
CODE_NEEDS: frozenset[Need] = frozenset({"encoder", "factors", "grid", "labels"})
DATA_NEEDS: frozenset[Need] = frozenset({"images", "factors", "grid", "labels"})
ALL = "all"
BATCH_STATISTICS = ("running", "clean")


@dataclass(frozen=True)
class Measurement:
    """A metric under one protocol, resolved to every number that enters the score.

    `protocol` names the settings, with those changed by hand written behind it. A measurement that is not `asked` for
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


def plan(
    metrics: Iterable[str],
    protocols: Iterable[str] = (),
    changes: Mapping[str, Any] | None = None,
    keywords: Iterable[str] = (),
) -> list[Measurement]:
    """One measurement per metric and protocol: those of `protocols` that the metric has, else its default one.

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
    metric = registry.find_metric(name)
    config: type[MetricConfig] = registry.resolve(metric, "config")
    if not config.protocols:
        raise PluginError(
            f"metric {name!r} of {metric.distribution} names no protocol", expected="at least one in its config"
        )
    changed = by_setting(config, {name: value for name, value in changes.items() if name in _setting_names(config)})
    chosen = [protocol for protocol in protocols if protocol in config.protocols] or list(config.protocols)[:1]
    measurements = []
    for protocol in chosen:
        try:
            build(config, config.protocols[protocol])
        except (UsageError, TypeError) as error:
            raise PluginError(f"protocol {protocol!r} of metric {name!r} of {metric.distribution}: {error}") from None
        cfg = build(config, config.protocols[protocol], changed)
        values = by_setting(config, dict(cfg))
        label = ", ".join([protocol, *(f"{name}={_shown(values[name])}" for name in changed)])
        measurements.append(Measurement(metric, label, cfg, asked))
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


def measure(measurement: Measurement, subject: Subject, seed: int, about: Mapping[str, Any]) -> Result:
    """The score of a subject, with what it is `about` (model, checkpoint, data set, ...).

    `DevalWarning`, also in the result, for what the metric warns of and for counts of its protocol that are not met.
    `DevalError` where the metric fails; it names the metric's distribution where that is to blame.
    """
    spec, settings = measurement.metric.spec, measurement.cfg.model_dump(mode="json")
    if measurement.batch_statistics == "clean" != statistics_of(subject):
        raise UsageError("batch_statistics", received="'clean' without a checkpoint", expected="a checkpoint")
    with _warnings_noted() as notes, cheaper_way(_how_to_take_less(measurement)):
        _remark_on_length(measurement, subject, seed)
        start = time.perf_counter()
        scores = _scores(measurement, subject, seed, settings)
        counts = _by_name(measurement, "counts", scores.counts)
        if wrong := [name for name, count in counts.items() if type(count) is not int]:
            raise _fault(measurement, f"counts[{wrong[0]!r}] is {counts[wrong[0]]!r}, expected a whole number")
        if shortfall := _shortfall(counts, settings):
            warn(f"{spec.name} used fewer than its protocol says: {shortfall}")
    seconds = time.perf_counter() - start
    details = _by_name(measurement, "scores", scores.values)
    chance = _understood(measurement, "chance", scores.chance)
    if not (chance is None or _is_number(chance)):
        raise _fault(measurement, f"its chance level is {chance!r}, expected a number or None")
    value = details.pop(spec.headline, None)
    if not _is_number(value):
        raise _fault(measurement, f"its headline {spec.headline!r} is {value!r}, expected a number")
    return Result(
        **result_keys(measurement, seed, statistics_of(subject)),
        value=value,
        better=spec.better,
        chance=chance,
        details=details,
        counts=counts,
        warnings=tuple(notes),
        seconds=round(seconds, 3),
        versions=versions(),
        **about,
    )


def recorded_score(
    lines: Iterable[Mapping[str, Any]], measurement: Measurement, subject: Subject, seed: int, about: Mapping[str, Any]
) -> Result | None:
    """The newest of some results that `measure` would give again, None where there is none.

    Such a result has the metric, its version, settings and seed, the checkpoint and the data in common. What follows
    from more than these is never taken for equal: metrics of `peers` or `validation` images, and features from a file.
    """
    more = {"peers", "validation"} & measurement.cfg.needed(measurement.metric.spec.needs)
    if more or getattr(measurement.cfg, "features", None) or not about.get("checkpoint_sha256"):
        return None
    scored = {name: about.get(name) for name in ("checkpoint_sha256", "iteration", "dataset", "dataset_sha256")}
    expected = result_keys(measurement, seed, statistics_of(subject)) | scored
    same = [line for line in lines if agrees(line, expected)]
    return result_of(same[-1]) if same else None


def result_keys(measurement: Measurement, seed: int, statistics: str) -> dict[str, Any]:
    """The keys of a result that follow from its measurement and seed: the metric, its version, settings and the seed.

    The settings have the batch statistics of the model only where they are not those of training.
    """
    settings = measurement.cfg.model_dump(mode="json")
    if statistics != "running":
        settings["batch_statistics"] = statistics
    return {
        "metric": measurement.name,
        "metric_version": measurement.metric.spec.version,
        "settings": {"protocol": protocol_label(measurement.protocol, statistics), **settings},
        "seed": seed,
    }


def protocol_label(protocol: str, statistics: str) -> str:
    """How a result names its protocol: with the batch statistics of the model where they are not those of training."""
    return protocol if statistics == "running" else f"{protocol}, batch_statistics={statistics}"


def statistics_of(subject: Subject) -> str:
    """The batch statistics of a subject's model: `running` or `clean`."""
    statistics: str = getattr(subject, "batch_statistics", "running")
    return statistics


def _scores(measurement: Measurement, subject: Subject, seed: int, settings: Mapping[str, Any]) -> Scores:
    try:
        metric = load_registry().resolve(measurement.metric)
        with plugin_code(_owner(measurement)):
            scores: Scores = metric(measurement.cfg).score(subject, seed)
    except PluginError as error:
        raise _failed(measurement, error) from error
    except DevalError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise DevalError(f"{measurement.name}: not enough memory", advice=_how_to_need_less(settings)) from error
        raise _failed(measurement, error) from error
    if not isinstance(scores, Scores):
        raise _fault(measurement, f"score returned {type(scores).__name__}, expected Scores")
    return scores


def _remark_on_length(measurement: Measurement, subject: Subject, seed: int) -> None:
    """Say that a score will take long, before it starts; what the metric cannot do is for the score to say."""
    with contextlib.suppress(Exception):
        metric = load_registry().resolve(measurement.metric)(measurement.cfg)
        with plugin_code(_owner(measurement)):
            seconds = metric.seconds(subject, seed)
        remark_if_long(f"{measurement.name} ({measurement.protocol})", seconds, at_most=True)


def _owner(measurement: Measurement) -> str:
    return f"metric {measurement.name!r} of {measurement.metric.distribution}"


def _how_to_take_less(measurement: Measurement) -> str:
    """The protocols of a metric whose numbers of images, iterations and so on are smaller, in words; empty for none."""
    config = type(measurement.cfg)
    settings = by_setting(config, dict(measurement.cfg))
    smaller = []
    for name, values in config.protocols.items():
        others = defaults(config) | by_setting(config, values)
        sizes = [(_size(key, others[key]), _size(key, now)) for key, now in settings.items() if key in others]
        numbers = [(other, now) for other, now in sizes if other is not None and now is not None]
        if any(other < now for other, now in numbers) and all(other <= now for other, now in numbers):
            smaller.append(name)
    return f"--protocol {' or '.join(smaller)} takes less" if smaller else ""


def _size(name: str, value: Any) -> float | None:
    """A setting as a size: of a number of images None means all; None for what is no size."""
    if value is None and name.rpartition(".")[2].startswith("num_"):
        return math.inf
    return value if isinstance(value, int) else None


def _how_to_need_less(settings: Mapping[str, Any]) -> str:
    large = [name for name, value in settings.items() if _takes_memory(name, value)]
    if not large:
        return "score a smaller data set, or on a machine with more memory"
    return f"lower one of its settings: {', '.join(large)}"


def _takes_memory(name: str, value: Any) -> bool:
    """Whether a setting counts images, votes or particles; None there means all images. Iterations take time alone."""
    if name.startswith("num_") and value is None:
        return True
    counts = value if isinstance(value, (list, tuple)) else [value]
    return "iterations" not in name and any(isinstance(count, int) and count >= 1000 for count in counts)


def _fault(measurement: Measurement, what: str) -> DevalError:
    """The error for a metric that is broken, whatever the user did."""
    metric = measurement.metric
    return DevalError(
        f"metric {measurement.name!r} of {metric.distribution} {metric.distribution_version}: {what}",
        advice=f"report this to the authors of {metric.distribution}; `deval --debug` shows where it happens",
    )


def _failed(measurement: Measurement, error: Exception) -> DevalError:
    """The error for an exception while a metric computes, which may come from the model or the data it reads."""
    fault = _fault(measurement, located(error))
    return fault.advising("correct that line, or report it to its authors") if line_of(error) else fault


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _by_name(measurement: Measurement, what: str, values: Any) -> dict[str, Any]:
    """As `_understood`, of values that have names."""
    found = _understood(measurement, what, values)
    if not isinstance(found, dict):
        raise _fault(measurement, f"{what}: received {type(values).__name__}, expected values by name")
    return found


def _understood(measurement: Measurement, what: str, values: Any) -> Any:
    """What a metric returned as plain data, or the metric's fault."""
    try:
        return plain(values, what)
    except ValueError as error:
        raise _fault(measurement, str(error)) from None


def _shortfall(counts: Mapping[str, int], settings: Mapping[str, Any]) -> str:
    """The counts below their settings, in words, such as `num_train 300 of 10,000`; empty if there are none."""
    asked = {name: settings.get(name) for name in counts}
    largest = {name: max(wanted) if isinstance(wanted, list) else wanted for name, wanted in asked.items()}
    return ", ".join(
        f"{name} {counts[name]:,} of {wanted:,}"
        for name, wanted in largest.items()
        if isinstance(wanted, int) and counts[name] < wanted
    )


@contextlib.contextmanager
def _warnings_noted() -> Iterator[list[str]]:
    """The messages of every `DevalWarning` raised within; afterwards all warnings are raised again."""
    notes: list[str] = []
    caught: list[warnings.WarningMessage] = []
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", DevalWarning)
            yield notes
    finally:
        notes += dict.fromkeys(str(one.message) for one in caught if issubclass(one.category, DevalWarning))
        for one in caught:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno, source=one.source)


def score_of(measurement: Measurement, opened: OpenedSubject, seed: int, again: bool = False) -> Result:
    """The score of a subject: of a run the recorded one, unless `again`, else a new one, which is added to its results.

    `DevalError` as `measure`, and where the results cannot be written.
    """
    recorded = recorded_lines(opened.run.results) if opened.run and not again else []
    known = recorded_score(recorded, measurement, opened.subject, seed, opened.about)
    if known is not None:
        return known
    result = measure(measurement, opened.subject, seed, opened.about)
    if opened.run:
        append(opened.run.results, result)
    return result


def measure_each(
    planned: Iterable[tuple[Measurement, OpenedSubject]], seed: int, again: bool = False
) -> dict[str, Result]:
    """The results by metric, each of its own subject, as `score_of`.

    Every metric is checked for what it needs before the first one runs. One of several that fails costs its own score
    alone and is a `DevalWarning`, unless none succeeds, which raises the first error.
    """
    seed = checked_seed(seed)
    results, errors = {}, []
    planned = list(planned)
    served = list(compress(planned, can_serve((one, opened.subject, opened.name) for one, opened in planned)))
    for measurement, opened in served:
        try:
            results[measurement.name] = score_of(measurement, opened, seed, again)
        except DevalError as error:
            if len(served) == 1:
                raise
            errors.append(error)
            how = "left out" if is_left_out(measurement, error) else "failed"
            warn(f"{measurement.name} {how}: {error}")
    if errors and not results:
        raise errors[0]
    return results


def checked_seed(seed: Any) -> int:
    """A seed as an int; `UsageError` for anything but an integer from 0 on: numpy takes None for a seed of its own."""
    if isinstance(seed, bool) or not isinstance(seed, Integral) or seed < 0:
        raise UsageError("seed", received=repr(seed), expected="an integer from 0 on")
    return int(seed)


def score_table(arrays: Mapping[str, Any], measurements: Iterable[Measurement], seed: int) -> dict[str, Result]:
    """The scores by metric of a table of codes, given as arrays by the names that `disentangle_eval.score` lists."""
    table = code_table({name: as_array(value, name) for name, value in arrays.items()})
    opened = OpenedSubject("this table of codes", table, {})
    return measure_each(((measurement, opened) for measurement in measurements), seed)
