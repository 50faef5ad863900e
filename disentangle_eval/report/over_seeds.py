"""Several runs in one figure: curves with bands over seeds, a strip per setting, one quantity against another."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from disentangle_eval.report.style import (
    COLOURS,
    GREY,
    HEIGHT,
    INK,
    WIDTH,
    count_iterations,
    label_lines,
    name_figure,
    styled,
)

# Points of one setting, (n, 2).
Points = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Level:
    """A value worth a line across a figure, such as chance, and its name."""

    value: float
    name: str


@styled
def bands_figure(
    curves: Mapping[str, Sequence[np.ndarray]], label: str, levels: Sequence[Level] = (), title: str = ""
) -> Figure:
    """The mean over seeds of each setting's curves (n, 2), iteration and value, in the band from least to greatest.

    Iterations that not every seed of a setting has are left out.
    """
    figure = Figure(figsize=(WIDTH, HEIGHT))
    axes = figure.subplots()
    ends = []
    for (name, seeds), colour in zip(curves.items(), itertools.cycle(COLOURS)):
        by_iteration = [{float(at): float(value) for at, value in points} for points in seeds]
        shared = sorted(set.intersection(*map(set, by_iteration)))
        if not shared:
            continue
        values = np.array([[points[at] for at in shared] for points in by_iteration])
        axes.plot(shared, values.mean(axis=0), color=colour)
        if len(seeds) > 1:
            axes.fill_between(shared, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.18, linewidth=0)
        ends.append((float(values.mean(axis=0)[-1]), f"{name} ({len(seeds)})", colour))
    ends += draw_levels(axes, levels)
    axes.set_xlabel("iteration (line: mean over seeds, band: least to greatest)")
    axes.set_ylabel(label)
    count_iterations(axes)
    label_lines(axes, ends)
    name_figure(figure, title)
    return figure


@styled
def strip_figure(
    values: Mapping[str, Sequence[float]], label: str, levels: Sequence[Level] = (), title: str = ""
) -> Figure:
    """A row per setting: a dot per seed and a bar at their mean; the axis starts at 0 where no value is below it."""
    figure = Figure(figsize=(WIDTH, 1.4 + 0.34 * len(values)))
    axes = figure.subplots()
    for row, (found, colour) in enumerate(zip(values.values(), itertools.cycle(COLOURS))):
        axes.plot(found, [row] * len(found), color=colour, linestyle="", marker="o", markersize=5, alpha=0.65)
        axes.plot([np.mean(found)] * 2, [row - 0.3, row + 0.3], color=INK, linewidth=1.6)
    for level in levels:
        axes.axvline(level.value, color=INK, linewidth=0.9, linestyle="--")
        axes.annotate(level.name, (level.value, 1), (2, 1), ("data", "axes fraction"), "offset points", fontsize=8)
    axes.margins(x=0.05)
    if min(itertools.chain(*values.values())) >= 0:
        axes.set_xlim(left=0)
    axes.set_yticks(range(len(values)), [f"{name} ({len(found)})" for name, found in values.items()])
    axes.set_ylim(len(values) - 0.5, -0.5)
    axes.grid(False, axis="y")
    axes.set_xlabel(f"{label} (dot: seed, bar: mean)")
    name_figure(figure, title)
    return figure


@styled
def scatter_figure(
    points: Points, x_label: str, y_label: str, *, levels: Sequence[Level] = (), joined: bool = False, title: str = ""
) -> Figure:
    """One quantity against another: a dot per seed and a named cross at each setting's mean.

    With `joined`, settings are named by model and value, and the means of one model are joined by a line.
    """
    figure = Figure(figsize=(WIDTH, HEIGHT + 0.6))
    axes = figure.subplots()
    families = dict.fromkeys(name.split(" ")[0] for name in points) if joined else points
    colours = dict(zip(families, itertools.cycle(COLOURS)))
    means: dict[str, list[np.ndarray]] = {name: [] for name in families}
    for name, found in points.items():
        family = name.split(" ")[0] if joined else name
        axes.plot(*found.T, color=colours[family], linestyle="", marker="o", markersize=3.5, alpha=0.45)
        mean = found.mean(axis=0)
        means[family].append(mean)
        axes.plot(*mean, color=colours[family], marker="X", markersize=7, markeredgecolor="white")
        axes.annotate(name, tuple(mean), (5, 4), textcoords="offset points", color=colours[family], fontsize=8)
    if joined:
        for family, line in means.items():
            axes.plot(*np.array(line).T, color=colours[family], linewidth=1, zorder=1)
    for level in levels:
        axes.axhline(level.value, color=GREY, linewidth=0.9, linestyle="--")
        axes.annotate(level.name, (1, level.value), (-2, 2), ("axes fraction", "data"), "offset points", ha="right")
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.margins(x=0.12, y=0.1)
    name_figure(figure, title)
    return figure


def draw_levels(axes: Axes, levels: Sequence[Level]) -> list[tuple[float, str, str]]:
    """Dashed lines across a figure, and what names them at their right ends."""
    for level in levels:
        axes.axhline(level.value, color=INK, linewidth=0.9, linestyle="--")
    return [(level.value, level.name, INK) for level in levels]
