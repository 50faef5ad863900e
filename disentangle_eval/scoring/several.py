"""Several scores: of a subject each, those known before included, and one that fails costs itself alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import compress
from numbers import Integral
from typing import Any

from disentangle_eval.errors import DevalError, UsageError, warn
from disentangle_eval.metrics.arrays import as_array
from disentangle_eval.metrics.code_arrays import code_table
from disentangle_eval.opening.subjects import OpenedSubject
from disentangle_eval.results import Result, append, recorded_lines
from disentangle_eval.scoring.keys import recorded_score
from disentangle_eval.scoring.measurements import Measurement
from disentangle_eval.scoring.measuring import measure
from disentangle_eval.scoring.needs import can_serve, is_left_out


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
