"""What figures of many runs show: terms and scores, by setting, from logs and results."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from disentangle_eval.errors import UsageError
from disentangle_eval.registry.names import parse_dataset
from disentangle_eval.runtime.json_lines import read_lines
from disentangle_eval.study.runs import RunRecord, labels_of_runs, newest_results
from disentangle_eval.training.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from disentangle_eval.report.over_seeds import Level


def curve(runs: Sequence[RunRecord], name: str) -> Figure:
    """A logged term, or a score of every scored snapshot, over iterations, in bands over seeds."""
    from disentangle_eval.report.over_seeds import bands_figure

    curves: dict[str, list[np.ndarray]] = defaultdict(list)
    shown = []
    for run, label in zip(runs, labels_of_runs(runs), strict=True):
        points = term_of(run, name)
        points = points if len(points) else scores_of(run, name)
        if len(points):
            curves[label].append(points)
            shown.append(run)
    refuse_none(curves, runs, name)
    return bands_figure(curves, name.replace("_", " "), chance_of(runs, name), title_of(shown))


def strip(runs: Sequence[RunRecord], name: str) -> Figure:
    """The newest score of every run, a row per setting."""
    from disentangle_eval.report.over_seeds import strip_figure

    values: dict[str, list[float]] = defaultdict(list)
    shown = []
    for run, label in zip(runs, labels_of_runs(runs), strict=True):
        found = newest_value(run, name)
        if found is not None:
            values[label].append(found)
            shown.append(run)
    refuse_none(values, runs, name)
    return strip_figure(values, name, chance_of(runs, name), title_of(shown))


def scatter(runs: Sequence[RunRecord], x: str, y: str, joined: bool = False) -> Figure:
    """Two scores or terms of every run against each other."""
    from disentangle_eval.report.over_seeds import scatter_figure

    points: dict[str, list[tuple[float, float]]] = defaultdict(list)
    shown = []
    for run, label in zip(runs, labels_of_runs(runs), strict=True):
        first, second = newest_value(run, x), newest_value(run, y)
        if first is not None and second is not None:
            points[label].append((first, second))
            shown.append(run)
    refuse_none(points, runs, f"{x} and {y}")
    arrays = {label: np.array(found) for label, found in points.items()}
    return scatter_figure(arrays, x, y, levels=chance_of(runs, y), joined=joined, title=title_of(shown))


def term_of(run: RunRecord, name: str) -> np.ndarray:
    """A logged term of a run, (n, 2): iteration and value; of a vector the sum of its entries."""
    points = []
    for line in read_lines(RunFolder(run.folder).log).records:
        value = line.get(name)
        if isinstance(value, list):
            value = sum(value)
        if isinstance(value, (int, float)) and name != "iteration":
            points.append((line["iteration"], value))
    return np.array(points, dtype=float).reshape(-1, 2)


def scores_of(run: RunRecord, name: str) -> np.ndarray:
    """A score of a run over its scored snapshots, (n, 2); of several draws the mean."""
    found: dict[int, list[float]] = defaultdict(list)
    for result in run.results:
        if is_named(result, name) and result.get("iteration") is not None:
            found[result["iteration"]].append(value_in(result, name))
    return np.array([(at, statistics.fmean(found[at])) for at in sorted(found)], dtype=float).reshape(-1, 2)


def newest_value(run: RunRecord, name: str) -> float | None:
    """A run's newest score of a name, else its last logged term of that name."""
    for result in newest_results(run):
        if is_named(result, name):
            return value_in(result, name)
    points = term_of(run, name)
    return float(points[-1, 1]) if len(points) else None


def is_named(result: Mapping[str, Any], name: str) -> bool:
    """Whether a name means a result: METRIC, METRIC:PROTOCOL or METRIC:PROTOCOL:DETAIL."""
    metric, protocol, detail = parts_of(name)
    return (
        result["metric"] == metric
        and (not protocol or result["settings"].get("protocol") == protocol)
        and (not detail or isinstance(result["details"].get(detail), (int, float)))
    )


def value_in(result: Mapping[str, Any], name: str) -> float:
    """The value that a name means in a result: the headline, or a detail."""
    detail = parts_of(name)[2]
    return float(result["details"][detail] if detail else result["value"])


def parts_of(name: str) -> tuple[str, str, str]:
    """METRIC, METRIC:PROTOCOL or METRIC:PROTOCOL:DETAIL as its three parts."""
    metric, _, rest = name.partition(":")
    protocol, _, detail = rest.partition(":")
    return metric, protocol, detail


def chance_of(runs: Sequence[RunRecord], name: str) -> tuple[Level, ...]:
    """The mean chance level of a score, as a line of a figure; none where it has none."""
    from disentangle_eval.report.over_seeds import Level

    if parts_of(name)[2]:
        return ()
    found = [
        result["chance"]
        for run in runs
        for result in newest_results(run)
        if is_named(result, name) and result["chance"] is not None
    ]
    return (Level(statistics.fmean(found), "chance"),) if found else ()


def title_of(runs: Sequence[RunRecord]) -> str:
    """What a figure's title says: data sets and the number of runs."""
    data = ", ".join(dict.fromkeys(parse_dataset(run.dataset).short for run in runs))
    return f"{data}, {len(runs)} runs"


def refuse_none(found: Mapping[str, Any], runs: Sequence[RunRecord], name: str) -> None:
    """`UsageError` where no run has what a figure is to show, with the names that there are."""
    if found:
        return
    terms = {key for run in runs for line in read_lines(RunFolder(run.folder).log).records[-1:] for key in line}
    scores = {f"{result['metric']}:{result['settings'].get('protocol')}" for run in runs for result in run.results}
    known = ", ".join(sorted((terms - {"iteration"}) | scores)) or "none yet"
    raise UsageError("plot", received=repr(name), expected=f"a logged term or a score of these runs: {known}")
