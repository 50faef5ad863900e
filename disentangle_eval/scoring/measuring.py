"""One score: computed, checked, and made a result that says everything about itself. Nothing here needs torch."""

from __future__ import annotations

import contextlib
import time
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from disentangle_eval.api import Scores, Subject
from disentangle_eval.errors import DevalError, DevalWarning, PluginError, UsageError, is_out_of_memory, warn
from disentangle_eval.registry.lines import line_of, located
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.registry.plugin_code import plugin_code
from disentangle_eval.results import Result, plain
from disentangle_eval.runtime.progress import cheaper_way
from disentangle_eval.runtime.versions import versions
from disentangle_eval.scoring.cost import how_to_need_less, how_to_take_less, remark_on_length
from disentangle_eval.scoring.keys import result_keys, statistics_of
from disentangle_eval.scoring.measurements import Measurement


def measure(measurement: Measurement, subject: Subject, seed: int, about: Mapping[str, Any]) -> Result:
    """The score of a subject, with what it is `about` (model, checkpoint, data set, ...).

    `DevalWarning`, also in the result, for what the metric warns of and for counts of its protocol that are not met.
    `DevalError` where the metric fails; it names the metric's distribution where that is to blame.
    """
    spec, settings = measurement.metric.spec, measurement.cfg.model_dump(mode="json")
    if measurement.batch_statistics == "clean" != statistics_of(subject):
        raise UsageError("batch_statistics", received="'clean' without a checkpoint", expected="a checkpoint")
    with _warnings_noted() as notes, cheaper_way(how_to_take_less(measurement)):
        remark_on_length(measurement, subject, seed)
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


def _scores(measurement: Measurement, subject: Subject, seed: int, settings: Mapping[str, Any]) -> Scores:
    try:
        metric = load_registry().resolve(measurement.metric)
        with plugin_code(measurement.owner):
            scores: Scores = metric(measurement.cfg).score(subject, seed)
    except PluginError as error:
        raise _failed(measurement, error) from error
    except DevalError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise DevalError(f"{measurement.name}: not enough memory", advice=how_to_need_less(settings)) from error
        raise _failed(measurement, error) from error
    if not isinstance(scores, Scores):
        raise _fault(measurement, f"score returned {type(scores).__name__}, expected Scores")
    return scores


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
