"""What figures of many runs show: terms and scores, by setting, from logs and results."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from disentangle_eval.errors import UsageError
from disentangle_eval.registry.names import parse_dataset
from disentangle_eval.runtime.json_lines import read_lines
from disentangle_eval.study.figure import FigureSettings, Published, Take
from disentangle_eval.study.runs import RunRecord, labels_of_runs, newest_results
from disentangle_eval.training.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from disentangle_eval.report.over_seeds import Level


def figure_of(runs: Sequence[RunRecord], settings: FigureSettings) -> Figure:
    """The figure that the settings describe, of some runs."""
    settings.refuse_misfit()
    names, take, published = settings.show, settings.take, settings.published
    if settings.kind == "curve":
        return curve(runs, names, published)
    if settings.kind == "strip":
        return strip(runs, names[0], take, published)
    if settings.kind == "dimensions":
        return dimensions(runs, names[0])
    if settings.kind == "against":
        assert settings.setting is not None
        return against(runs, settings.setting, names, take, published)
    return scatter(runs, names[0], names[1], settings.kind == "tradeoff", take, published)


def curve(runs: Sequence[RunRecord], names: Sequence[str], published: Sequence[Published] = ()) -> Figure:
    """Logged terms, or scores of every scored snapshot, over iterations, in bands over seeds."""
    from disentangle_eval.report.over_seeds import Line, bands_figure

    curves: dict[tuple[str, str], list[np.ndarray]] = defaultdict(list)
    shown: dict[int, RunRecord] = {}
    for name in names:
        for position, (run, label) in enumerate(zip(runs, labels_of_runs(runs), strict=True)):
            points = points_of(run, name)
            if len(points):
                curves[label, name].append(points)
                shown[position] = run
        refuse_none([key for key in curves if key[1] == name], runs, name)
    lines = [Line(setting, text_of_name(name), found) for (setting, name), found in curves.items()]
    scores = [name for name in names if not any(len(term_of(run, name)) for run in shown.values())]
    levels = [level for name in scores for level in chance_of(runs, name)]
    label = " and ".join(map(text_of_name, names))
    return bands_figure(lines, label, [*levels, *levels_of(published)], title_of(list(shown.values())))


def dimensions(runs: Sequence[RunRecord], name: str) -> Figure:
    """The entries of a logged vector over iterations, such as the KL of each dimension, a panel per setting."""
    from disentangle_eval.report.curves import table
    from disentangle_eval.report.over_seeds import ranked_figure

    tables: dict[str, list[tuple[np.ndarray, np.ndarray]]] = defaultdict(list)
    shown = []
    for run, label in zip(runs, labels_of_runs(runs), strict=True):
        iterations, values = table(read_lines(RunFolder(run.folder).log).records, name)
        if len(iterations):
            tables[label].append((iterations, values))
            shown.append(run)
    if not tables:
        raise UsageError("plot", received=repr(name), expected="a term that these runs log per dimension, such as 'kl'")
    label = "KL of a dimension (nats)" if name == "kl" else text_of_name(name)
    return ranked_figure(tables, label, title_of(shown))


def strip(runs: Sequence[RunRecord], name: str, take: Take = "newest", published: Sequence[Published] = ()) -> Figure:
    """A score of every run, a row per setting."""
    from disentangle_eval.report.over_seeds import strip_figure

    values: dict[str, list[float]] = defaultdict(list)
    shown = []
    for run, label in zip(runs, labels_of_runs(runs), strict=True):
        found = value_of(run, name, take)
        if found is not None:
            values[label].append(found)
            shown.append(run)
    refuse_none(values, runs, name)
    levels = [*chance_of(runs, name), *levels_of(published)]
    return strip_figure(values, text_of_name(name, take), levels, title_of(shown))


def scatter(
    runs: Sequence[RunRecord],
    x: str,
    y: str,
    joined: bool = False,
    take: Take = "newest",
    published: Sequence[Published] = (),
) -> Figure:
    """Two scores or terms of every run against each other."""
    from disentangle_eval.report.over_seeds import Marked, scatter_figure

    points: dict[str, list[tuple[float, float]]] = defaultdict(list)
    shown = []
    for run, label in zip(runs, labels_of_runs(runs), strict=True):
        first, second = value_of(run, x, take), value_of(run, y, take)
        if first is not None and second is not None:
            points[label].append((first, second))
            shown.append(run)
    refuse_none(points, runs, f"{x} and {y}")
    return scatter_figure(
        {label: np.array(found) for label, found in points.items()},
        text_of_name(x, take),
        text_of_name(y, take),
        levels=[*chance_of(runs, y), *levels_of(published)],
        marked=[Marked(one.x, one.y, one.name) for one in published if one.x is not None and one.y is not None],
        joined=joined,
        title=title_of(shown),
    )


def against(
    runs: Sequence[RunRecord],
    setting: str,
    names: Sequence[str],
    take: Take = "newest",
    published: Sequence[Published] = (),
) -> Figure:
    """Scores or terms over the values of a setting, such as beta, a panel per name and a line per model.

    Runs of models without the setting are left out. A published level belongs to the first name.
    """
    from disentangle_eval.report.over_seeds import Line, panels_figure

    having = [run for run in runs if is_number(run.config.get(setting))]
    if not having:
        settings = {name for run in runs for name, value in run.config.items() if is_number(value)}
        known = ", ".join(sorted(settings))
        raise UsageError("--setting", received=repr(setting), expected=f"a setting that is a number: {known}")
    others = [replace(run, config={**run.config, setting: None}) for run in having]
    panels: dict[str, list[Line]] = {}
    levels = {}
    for name in names:
        found: dict[tuple[str, int], list[tuple[float, float]]] = defaultdict(list)
        for run, label in zip(having, labels_of_runs(others), strict=True):
            value = value_of(run, name, take)
            if value is not None:
                found[label, run.seed].append((float(run.config[setting]), value))
        refuse_none(found, runs, name)
        labels = dict.fromkeys(label for label, _ in found)
        by_label = {label: [np.array(points) for (key, _), points in found.items() if key == label] for label in labels}
        title = text_of_name(name, take)
        panels[title] = [Line(label, title, seeds) for label, seeds in by_label.items()]
        levels[title] = [*chance_of(runs, name), *(levels_of(published) if name == names[0] else ())]
    return panels_figure(panels, setting, levels, title_of(having))


def is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def points_of(run: RunRecord, name: str) -> np.ndarray:
    """A logged term of a run, else a score over its snapshots, (n, 2): iteration and value."""
    points = term_of(run, name)
    return points if len(points) else scores_of(run, name)


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


def value_of(run: RunRecord, name: str, take: Take) -> float | None:
    """A run's newest score of a name, else its last logged term; or the median over its snapshots or log lines."""
    if take == "median":
        scores = scores_of(run, name)
        points = scores if len(scores) else term_of(run, name)
        return float(np.median(points[:, 1])) if len(points) else None
    return newest_value(run, name)


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
        and (not detail or isinstance((result.get("details") or {}).get(detail), (int, float)))
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


def text_of_name(name: str, take: Take = "newest") -> str:
    """A name as an axis shows it."""
    metric, protocol, detail = parts_of(name)
    text = " ".join(part for part in (metric.replace("_", " "), protocol, detail.replace("_", " ")) if part)
    return text if take == "newest" else f"{text} (median)"


def levels_of(published: Sequence[Published]) -> tuple[Level, ...]:
    """Published scores as lines of a figure."""
    from disentangle_eval.report.over_seeds import Level

    return tuple(Level(one.value, one.name) for one in published if one.value is not None)


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
    """What a figure's title says: models, data sets, the number of runs and their seeds."""
    models = ", ".join(dict.fromkeys(run.model for run in runs))
    data = ", ".join(dict.fromkeys(parse_dataset(run.dataset).short for run in runs))
    seeds = sorted({run.seed for run in runs})
    consecutive = len(seeds) > 1 and seeds == list(range(seeds[0], seeds[-1] + 1))
    numbers = f"{seeds[0]} to {seeds[-1]}" if consecutive else ", ".join(map(str, seeds))
    count = "1 run, seed" if len(runs) == 1 else f"{len(runs)} runs, {'seeds' if len(seeds) > 1 else 'seed'}"
    return f"{models} on {data}, {count} {numbers}"


def refuse_none(found: Collection[Any], runs: Sequence[RunRecord], name: str) -> None:
    """`UsageError` where no run has what a figure is to show, with the names that there are."""
    if found:
        return
    terms = {key for run in runs for line in read_lines(RunFolder(run.folder).log).records[-1:] for key in line}
    scores = {f"{result['metric']}:{result['settings'].get('protocol')}" for run in runs for result in run.results}
    known = ", ".join(sorted((terms - {"iteration"}) | scores)) or "none yet"
    raise UsageError("plot", received=repr(name), expected=f"a logged term or a score of these runs: {known}")
