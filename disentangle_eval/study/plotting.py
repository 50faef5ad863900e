"""Figures of many runs: what each kind takes from logs and results, by setting."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from disentangle_eval.errors import UsageError, did_you_mean
from disentangle_eval.registry.names import parse_dataset
from disentangle_eval.study.figure import TERM, FigureSettings, Published, Take
from disentangle_eval.study.quantities import Quantity, Term, quantity_of, scored_on
from disentangle_eval.study.runs import RunRecord, ascending, called, labels_of_runs, model_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from disentangle_eval.report.bands import Line
    from disentangle_eval.report.levels import Level

T = TypeVar("T")


def figure_of(runs: Sequence[RunRecord], settings: FigureSettings) -> Figure:
    """The figure that the settings describe, of some runs.

    `UsageError` where the settings do not fit together, and for a name or setting that the runs do not have.
    """
    settings.refuse_misfit()
    if settings.dataset is not None:
        runs = scored_on(runs, settings.dataset)
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


# ---------------------------------------------------------------- one function per kind


def curve(runs: Sequence[RunRecord], names: Sequence[str], published: Sequence[Published] = ()) -> Figure:
    """Logged terms, or scores of every scored snapshot, over iterations, in bands over seeds."""
    from disentangle_eval.report.bands import Line, bands_figure

    lines: list[Line] = []
    levels: list[Level] = []
    shown: dict[Path, RunRecord] = {}
    quantities = [quantity_of(name, runs) for name in names]
    for quantity in quantities:
        curves, having = by_setting(runs, [quantity.points(run) for run in runs])
        lines += [Line(setting, quantity.title, found) for setting, found in curves.items()]
        levels += chance_of(runs, quantity)
        shown |= {run.folder: run for run in having}
    if not lines:
        raise UsageError("--show", received=" and ".join(names), expected="scores of checkpoints, with an iteration")
    label = " and ".join(quantity.title for quantity in quantities)
    return bands_figure(lines, label, [*levels, *levels_of(published)], title_of(list(shown.values())))


def dimensions(runs: Sequence[RunRecord], name: str) -> Figure:
    """The entries of a logged vector over iterations, such as the KL of each dimension, a panel per setting."""
    from disentangle_eval.report.bands import ranked_figure
    from disentangle_eval.report.curves import table

    term = Term(name.removeprefix(TERM))
    found = [table(run.log, term.name) for run in runs]
    tables, shown = by_setting(runs, [(at, values) if len(at) else None for at, values in found])
    if not tables:
        expected = "a term that these runs log per dimension, such as 'kl'"
        raise UsageError("--show", received=repr(name), expected=expected)
    label = "KL of a dimension (nats)" if term.name == "kl" else term.title
    return ranked_figure(tables, label, title_of(shown))


def strip(runs: Sequence[RunRecord], name: str, take: Take = "newest", published: Sequence[Published] = ()) -> Figure:
    """A score or term of every run, a row per setting."""
    from disentangle_eval.report.strip import strip_figure

    quantity = quantity_of(name, runs)
    values, shown = by_setting(runs, [quantity.value(run, take) for run in runs])
    if not values:
        raise without_values(name)
    levels = [*chance_of(runs, quantity), *levels_of(published)]
    return strip_figure(values, quantity.title_of(take), levels, title_of(shown))


def scatter(
    runs: Sequence[RunRecord],
    x: str,
    y: str,
    joined: bool = False,
    take: Take = "newest",
    published: Sequence[Published] = (),
) -> Figure:
    """Two scores or terms of every run against each other; `joined` is the kind tradeoff."""
    from disentangle_eval.report.scatter import Marked, scatter_figure

    of_x, of_y = quantity_of(x, runs), quantity_of(y, runs)
    pairs = [(of_x.value(run, take), of_y.value(run, take)) for run in runs]
    points, shown = by_setting(runs, [None if None in pair else np.array(pair, dtype=float) for pair in pairs])
    labels = zip(labels_of_runs(runs), runs, strict=True)
    lines = {label: (called(run), *model_of(run), run.dataset) for label, run in labels} if joined else None
    if not points:
        raise without_values(f"{x} and {y}", "both of the same run")
    return scatter_figure(
        {setting: np.array(found) for setting, found in points.items()},
        of_x.title_of(take),
        of_y.title_of(take),
        levels=[*chance_of(runs, of_y), *levels_of(published)],
        marked=[Marked(one.x, one.y, one.name) for one in published if one.x is not None and one.y is not None],
        lines=lines,
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
    from disentangle_eval.report.bands import panels_figure

    having = with_number(runs, setting)
    panels: dict[str, list[Line]] = {}
    levels: dict[str, list[Level]] = {}
    for name in names:
        quantity = quantity_of(name, having)
        title = quantity.title_of(take)
        panels[title] = lines_over(having, setting, [quantity.value(run, take) for run in having], title)
        levels[title] = [*chance_of(having, quantity), *(levels_of(published) if name == names[0] else ())]
        if not panels[title]:
            raise without_values(name)
    return panels_figure(panels, setting, levels, title_of(having))


# ---------------------------------------------------------------- what the kinds share


def by_setting(runs: Sequence[RunRecord], values: Sequence[T | None]) -> tuple[dict[str, list[T]], list[RunRecord]]:
    """The values of runs by the label of their setting, and the runs that have one.

    Names and models are in the order of the runs; the settings of each ascend, 4 before 16.
    """
    found: dict[str, list[T]] = defaultdict(list)
    having = []
    labels = labels_of_runs(runs)
    for run, label, value in zip(runs, labels, values, strict=True):
        if value is not None:
            found[label].append(value)
            having.append(run)
    return {label: found[label] for label in ascending(runs, labels) if label in found}, having


def with_number(runs: Sequence[RunRecord], setting: str) -> list[RunRecord]:
    """The runs that have a number as a setting; `UsageError` where none has."""
    having = [run for run in runs if is_number(run.config.get(setting))]
    if not having:
        known = sorted({name for run in runs for name, value in run.config.items() if is_number(value)})
        expected = f"a setting that is a number: {', '.join(known)}"
        raise UsageError("--setting", received=repr(setting), expected=expected, advice=did_you_mean(setting, known))
    return having


def is_number(value: object) -> bool:
    """Whether a setting is a number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def lines_over(runs: Sequence[RunRecord], setting: str, values: Sequence[float | None], quantity: str) -> list[Line]:
    """The values of runs over a setting: a line per model and its other settings, in it a curve per seed."""
    from disentangle_eval.report.bands import Line

    alike = labels_of_runs([replace(run, config={**run.config, setting: None}) for run in runs])
    found: dict[str, dict[int, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    for run, label, value in zip(runs, alike, values, strict=True):
        if value is not None:
            found[label][run.seed].append((float(run.config[setting]), value))
    return [Line(label, quantity, [np.array(curve) for curve in seeds.values()]) for label, seeds in found.items()]


def chance_of(runs: Sequence[RunRecord], quantity: Quantity) -> list[Level]:
    """The chance levels of a score as lines of a figure: one, or one per data set where these differ."""
    from disentangle_eval.report.levels import Level

    chances = quantity.chances(runs)
    if len({f"{chance:.2f}" for chance in chances.values()}) < 2:
        return [Level(statistics.fmean(chances.values()), "chance")] if chances else []
    return [Level(chance, f"chance on {dataset.partition('@')[0]}") for dataset, chance in chances.items()]


def levels_of(published: Sequence[Published]) -> list[Level]:
    """Published scores as lines of a figure."""
    from disentangle_eval.report.levels import Level

    return [Level(one.value, one.name) for one in published if one.value is not None]


def title_of(runs: Sequence[RunRecord]) -> str:
    """What a figure's title says: models, data sets, the number of runs, of them unfinished, and their seeds."""
    models = ", ".join(dict.fromkeys(run.model for run in runs))
    data = ", ".join(dict.fromkeys(parse_dataset(run.dataset).short for run in runs))
    seeds = sorted({run.seed for run in runs})
    consecutive = len(seeds) > 1 and seeds == list(range(seeds[0], seeds[-1] + 1))
    numbers = f"{seeds[0]} to {seeds[-1]}" if consecutive else ", ".join(map(str, seeds))
    unfinished = sum(run.state != "finished" for run in runs)
    count = "1 run" if len(runs) == 1 else f"{len(runs)} runs"
    count += f" ({unfinished} unfinished)" if unfinished else ""
    return f"{models} on {data}, {count}, {'seeds' if len(seeds) > 1 else 'seed'} {numbers}"


def without_values(shown: str, expected: str = "a score of some run's last scored iteration") -> UsageError:
    """The error where runs have what is to be shown, but none has the value of it that is taken."""
    advice = "--take median takes every scored snapshot"
    return UsageError("--show", received=repr(shown), expected=expected, advice=advice)
