"""A run's scores over its training."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from disentangle_eval.errors import shortened
from disentangle_eval.report.style import (
    COLOURS,
    HEIGHT,
    INK,
    LONGEST_NAME,
    WIDTH,
    count_iterations,
    label_lines,
    name_figure,
    panels_of,
    styled,
)

Results = Sequence[Mapping[str, Any]]
Bars = list[tuple[str, Results, str]]  # of a panel: the name, results and colour of each bar

ONE_BY_ONE = 3  # more panels than this are in two columns
BAR = 0.26  # inches of height per bar
FRAME = 0.62  # inches of a panel of bars without its bars
BARS_WIDTH = 4.8  # inches of a panel of bars
LONGEST_BAR = 50  # characters of a bar's name
DASHES = (0, (4, 2))


@styled
def scores_figure(results: Results, title: str = "") -> Figure | None:
    """A curve per protocol over iterations in a panel per metric, or bars for a single iteration, with chance dashed.

    `results` are lines of results.jsonl. Results with different settings or data never share a curve; several seeds of
    one checkpoint are dots around their mean. If any metric was scored at several iterations, metrics scored at one
    are left out. Bars of metrics from 0 to 1 whose higher scores are better share a panel; every other metric has its
    own. None if no result is of a checkpoint.
    """
    metrics: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for result in results:
        if result.get("iteration") is not None:
            metrics[result["metric"]].append(result)
    followed = {metric: found for metric, found in metrics.items() if len({line["iteration"] for line in found}) > 1}
    if not metrics:
        return None
    figure = _curves_figure(followed) if followed else _bars_figure(metrics)
    name_figure(figure, title)
    return figure


def _curves_figure(metrics: Mapping[str, Results]) -> Figure:
    columns = 1 if len(metrics) <= ONE_BY_ONE else 2
    figure = Figure(figsize=(columns * WIDTH, HEIGHT * math.ceil(len(metrics) / columns)))
    for axes, (metric, found) in zip(panels_of(figure, len(metrics), columns), metrics.items(), strict=True):
        _draw_curves(axes, metric, found)
    return figure


def _bars_figure(metrics: Mapping[str, Results]) -> Figure:
    panels = _bar_panels(metrics)
    heights = [FRAME + BAR * len(bars) for bars in panels]
    figure = Figure(figsize=(BARS_WIDTH, sum(heights)))
    column = figure.subplots(len(panels), squeeze=False, gridspec_kw={"height_ratios": heights}).ravel()
    for axes, bars in zip(column, panels, strict=True):
        _draw_bars(axes, bars)
    return figure


def _bar_panels(metrics: Mapping[str, Results]) -> list[Bars]:
    """The bars of each panel, first of the shared one; in a panel each metric has a colour."""
    shared = [metric for metric, found in metrics.items() if _is_share(found)]
    own = [[metric] for metric in metrics if metric not in shared]
    return [
        [
            (f"{shortened(metric, LONGEST_NAME)} {name}", members, COLOURS[position % len(COLOURS)])
            for position, metric in enumerate(panel)
            for name, members in curves(metrics[metric]).items()
        ]
        for panel in (shared, *own)
        if panel
    ]


def _is_share(results: Results) -> bool:
    """Whether higher scores are better and all of them, and their chance levels, are between 0 and 1."""
    values = [value for line in results for value in (line["value"], line.get("chance")) if value is not None]
    return results[0].get("better") == "higher" and all(0 <= value <= 1 for value in values)


def curves(results: Results) -> dict[str, Results]:
    """Results of one metric by curve, named by protocol, and by data set where curves share a protocol."""
    groups: dict[tuple[str, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for result in results:
        settings = json.dumps(result["settings"], sort_keys=True)
        groups[settings, str(result.get("dataset_sha256")), str(result.get("metric_version"))].append(result)
    named: dict[str, Results] = {}
    for members in groups.values():
        first = members[0]
        name = str(first["settings"].get("protocol", "score"))
        name = f"{name}, {first.get('dataset')}" if name in named else name
        named[name if name not in named else f"{name} ({len(named) + 1})"] = members
    return named


def _draw_curves(axes: Axes, metric: str, results: Results) -> None:
    ends = []
    for position, (name, members) in enumerate(curves(results).items()):
        colour = COLOURS[position % len(COLOURS)]
        iterations = sorted({result["iteration"] for result in members})
        means = [np.mean(_of(members, iteration, "value")) for iteration in iterations]
        axes.plot(iterations, means, color=colour, marker="o", markersize=3.5)
        if len({result["seed"] for result in members}) > 1:
            dots = [(result["iteration"], result["value"]) for result in members]
            axes.plot(*np.transpose(dots), color=colour, linestyle="", marker="o", markersize=2.5, alpha=0.45)
        ends.append((float(means[-1]), name, colour))
        # A code without an active dimension scores 0 with a chance of 0, which is no level to compare others with.
        scored = [at for at in iterations if any(_of(members, at, "value")) or any(_of(members, at, "chance"))]
        chances = np.array([(at, np.mean(chance)) for at in scored if (chance := _of(members, at, "chance"))])
        if len(chances):
            axes.plot(*chances.T, color=colour, linestyle=DASHES, linewidth=1, drawstyle="steps-mid")
            ends.append((float(chances[-1, 1]), f"chance, {name}", colour))
    axes.set_ylabel(_name(metric, results))
    axes.set_xlabel("iteration")
    count_iterations(axes)
    label_lines(axes, ends)


def _draw_bars(axes: Axes, bars: Bars) -> None:
    """One bar per metric and protocol with its value, and its chance level as a dashed line across it."""
    for position, (_, members, colour) in enumerate(bars):
        values = [result["value"] for result in members]
        axes.barh(position, np.mean(values), height=0.6, color=colour)
        if len(values) > 1:
            axes.plot(values, [position] * len(values), color=INK, linestyle="", marker="o", markersize=2.5)
        axes.annotate(f" {np.mean(values):#.3g}".rstrip("."), (max(*values, 0), position), va="center", fontsize=8)
        chances = [result["chance"] for result in members if result.get("chance") is not None]
        if chances:
            ends = [position - 0.45, position + 0.45]
            axes.plot([np.mean(chances)] * 2, ends, color=INK, linestyle=(0, (2, 1)), linewidth=1.4)
    axes.set_yticks(range(len(bars)), [shortened(row, LONGEST_BAR) for row, _, _ in bars])
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.grid(False, axis="y")
    axes.margins(x=0.12)
    some_chance = any(result.get("chance") is not None for _, members, _ in bars for result in members)
    axes.set_title(", ".join([*_direction(bars[0][1]), *(["dashed: chance"] if some_chance else [])]), loc="left")


def _name(metric: str, results: Results) -> str:
    return ", ".join([shortened(metric), *_direction(results)])


def _direction(results: Results) -> list[str]:
    better = results[0].get("better")
    return [f"{better} is better"] if better in ("higher", "lower") else []


def _of(results: Results, iteration: int, field: str) -> list[float]:
    found = [result.get(field) for result in results if result["iteration"] == iteration]
    return [value for value in found if value is not None]
