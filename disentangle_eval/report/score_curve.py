"""A run's scores over its training."""

from __future__ import annotations

import itertools
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
    LONGEST_ROW,
    WIDTH,
    count_iterations,
    label_lines,
    name_figure,
    styled,
)

Results = Sequence[Mapping[str, Any]]

ONE_BY_ONE = 3  # more panels than this are in two columns
BAR = 0.26  # inches of height per bar
FRAME = 0.62  # inches of a panel of bars without its bars
DASHES = (0, (4, 2))


@styled
def scores_figure(results: Results, title: str = "") -> Figure | None:
    """A panel per metric: a curve per protocol over iterations, or bars for a single iteration, with chance dashed.

    `results` are lines of results.jsonl. Results with different settings or data never share a curve; several seeds of
    one checkpoint are dots around their mean. If any metric was scored at several iterations, metrics scored at one
    are left out. None if no result is of a checkpoint.
    """
    metrics: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for result in results:
        if result.get("iteration") is not None:
            metrics[result["metric"]].append(result)
    followed = {metric: found for metric, found in metrics.items() if len({line["iteration"] for line in found}) > 1}
    shown = followed or metrics
    if not shown:
        return None
    columns = 1 if len(shown) <= ONE_BY_ONE else 2
    draw, heights = (_draw_curves, None) if followed else (_draw_bars, _bar_heights(list(shown.values()), columns))
    rows = math.ceil(len(shown) / columns)
    figure = Figure(figsize=(columns * WIDTH, HEIGHT * rows if heights is None else sum(heights)))
    panels = figure.subplots(rows, columns, squeeze=False, gridspec_kw={"height_ratios": heights}).ravel()
    for axes, (metric, found) in zip(panels, shown.items(), strict=False):
        draw(axes, metric, found)
    for axes in panels[len(shown) :]:
        axes.remove()
    name_figure(figure, title)
    return figure


def _bar_heights(panels: Sequence[Results], columns: int) -> list[float]:
    """Inches of each row of panels."""
    bars = [len(curves(found)) for found in panels]
    return [FRAME + BAR * max(bars[i : i + columns]) for i in range(0, len(bars), columns)]


def curves(results: Results) -> dict[str, Results]:
    """Results of one metric by curve, named by protocol, and by data set where it takes that to tell them apart."""
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
        chances = np.array([(at, np.mean(chance)) for at in iterations if (chance := _of(members, at, "chance"))])
        if len(chances):
            axes.plot(*chances.T, color=colour, linestyle=DASHES, linewidth=1, drawstyle="steps-mid")
            ends.append((float(chances[-1, 1]), f"chance, {name}", colour))
    axes.set_ylabel(_name(metric, results))
    axes.set_xlabel("iteration")
    count_iterations(axes)
    label_lines(axes, ends)


def _draw_bars(axes: Axes, metric: str, results: Results) -> None:
    """One bar per protocol with its value, and its chance level as a dashed line across it."""
    named = curves(results)
    for position, (members, colour) in enumerate(zip(named.values(), itertools.cycle(COLOURS))):
        values = [result["value"] for result in members]
        axes.barh(position, np.mean(values), height=0.6, color=colour)
        if len(values) > 1:
            axes.plot(values, [position] * len(values), color=INK, linestyle="", marker="o", markersize=2.5)
        axes.annotate(f" {np.mean(values):.3g}", (max(*values, 0), position), va="center", fontsize=8)
        chances = [result["chance"] for result in members if result["chance"] is not None]
        if chances:
            ends = [position - 0.45, position + 0.45]
            axes.plot([np.mean(chances)] * 2, ends, color=INK, linestyle=(0, (2, 1)), linewidth=1.4)
    some_chance = any(result["chance"] is not None for result in results)
    axes.set_yticks(range(len(named)), [shortened(name, LONGEST_ROW) for name in named])
    axes.set_ylim(len(named) - 0.4, -0.6)
    axes.grid(False, axis="y")
    axes.margins(x=0.12)
    axes.set_title(_name(metric, results) + (" (dashed: chance)" if some_chance else ""), loc="left")


def _name(metric: str, results: Results) -> str:
    better, name = results[0].get("better"), shortened(metric)
    return f"{name}, {better} is better" if better in ("higher", "lower") else name


def _of(results: Results, iteration: int, field: str) -> list[float]:
    found = [result[field] for result in results if result["iteration"] == iteration]
    return [value for value in found if value is not None]
