"""Several runs in one figure: curves with bands over seeds, a strip per setting, one quantity against another."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from disentangle_eval.errors import shortened
from disentangle_eval.report.style import (
    COLOURS,
    GREY,
    HEIGHT,
    INK,
    LONGEST_NAME,
    LONGEST_ROW,
    WIDTH,
    count_iterations,
    label_lines,
    name_figure,
    styled,
)

# Points of one setting, (n, 2).
Points = Mapping[str, np.ndarray]

DASHES: tuple[object, ...] = ("-", "--", ":", "-.")
BAND = "line: mean over seeds, band: least to greatest"


@dataclass(frozen=True)
class Level:
    """A value worth a line across a figure, such as chance or a published score, and its name."""

    value: float
    name: str


@dataclass(frozen=True)
class Line:
    """One quantity of the runs of one setting: a curve (n, 2) per seed."""

    setting: str
    quantity: str
    seeds: Sequence[np.ndarray]


@dataclass(frozen=True)
class Marked:
    """A point that others published, and its name."""

    x: float
    y: float
    name: str


@styled
def bands_figure(lines: Sequence[Line], label: str, levels: Sequence[Level] = (), title: str = "") -> Figure:
    """The mean over seeds of each line's curves, iteration and value, in the band from least to greatest.

    Settings differ in colour and quantities in dashes; of one setting alone, quantities differ in colour. Iterations
    that not every seed of a setting has are left out.
    """
    figure = Figure(figsize=(WIDTH, HEIGHT))
    axes = figure.subplots()
    label_lines(axes, draw_bands(axes, lines, levels))
    axes.set_xlabel(f"iteration ({BAND})")
    axes.set_ylabel(shortened(label))
    count_iterations(axes)
    name_figure(figure, title)
    return figure


@styled
def panels_figure(
    panels: Mapping[str, Sequence[Line]],
    x_label: str,
    levels: Mapping[str, Sequence[Level]] | None = None,
    title: str = "",
) -> Figure:
    """A panel per quantity against a setting that the runs share, such as beta: mean over seeds and band.

    The axis of a quantity starts at 0 where it is never below.
    """
    figure = Figure(figsize=(WIDTH, 0.7 + 2.2 * len(panels)))
    rows = figure.subplots(len(panels), 1, squeeze=False, sharex=True).ravel()
    for axes, (quantity, lines) in zip(rows, panels.items(), strict=True):
        ends = draw_bands(axes, lines, (levels or {}).get(quantity, ()), marker="o")
        axes.set_ylabel(shortened(quantity))
        axes.margins(x=0.03)
        if all((points[:, 1] >= 0).all() for line in lines for points in line.seeds):
            axes.set_ylim(bottom=0)
        label_lines(axes, ends)
    rows[-1].set_xlabel(shortened(f"{x_label} ({BAND})"))
    name_figure(figure, title)
    return figure


@styled
def ranked_figure(tables: Mapping[str, Sequence[tuple[np.ndarray, np.ndarray]]], label: str, title: str = "") -> Figure:
    """A panel per setting: the entries of a vector over iterations, as mean over seeds in bands.

    `tables` hold iterations (n,) and values (n, K) per seed. Which dimension does what differs between seeds, so
    entries are matched by rank: those of each seed are sorted by their mean over the training, highest first.
    """
    columns = min(2, len(tables))
    rows = math.ceil(len(tables) / columns)
    figure = Figure(figsize=(WIDTH if columns == 1 else 1.4 * WIDTH, 0.6 + 2.6 * rows))
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
    for axes, (setting, seeds) in zip(panels, tables.items(), strict=False):
        ranked = [(at, values[:, np.argsort(-values.mean(axis=0), kind="stable")]) for at, values in seeds]
        width = min(values.shape[1] for _, values in ranked)
        for rank in range(width):
            curves = [np.stack([at, values[:, rank]], axis=1) for at, values in ranked]
            shared, found = on_shared(curves)
            colour = COLOURS[rank] if rank < len(COLOURS) else GREY
            axes.plot(shared, found.mean(axis=0), color=colour)
            if len(curves) > 1:
                axes.fill_between(shared, found.min(axis=0), found.max(axis=0), color=colour, alpha=0.18, linewidth=0)
        axes.set_title(f"{shortened(setting)} ({len(seeds)})", loc="left")
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
        count_iterations(axes)
    for axes in panels[len(tables) :]:
        axes.remove()
    figure.supylabel(shortened(label), fontsize=9)
    figure.supxlabel(f"iteration (entries matched by rank, {BAND})", fontsize=9)
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
    for level, place in zip(levels, itertools.cycle((1.0, 1.06))):  # neighbours' names at two heights
        axes.axvline(level.value, color=INK, linewidth=0.9, linestyle="--")
        name = shortened(level.name, LONGEST_NAME)
        axes.annotate(name, (level.value, place), (2, 1), ("data", "axes fraction"), "offset points", fontsize=8)
    axes.margins(x=0.05)
    if min(itertools.chain(*values.values())) >= 0:
        axes.set_xlim(left=0)
    rows = [f"{shortened(name, LONGEST_ROW)} ({len(found)})" for name, found in values.items()]
    axes.set_yticks(range(len(rows)), rows)
    axes.set_ylim(len(values) - 0.5, -0.5)
    axes.grid(False, axis="y")
    axes.set_xlabel(shortened(f"{label} (dot: seed, bar: mean)"))
    name_figure(figure, title)
    return figure


@styled
def scatter_figure(
    points: Points,
    x_label: str,
    y_label: str,
    *,
    levels: Sequence[Level] = (),
    marked: Sequence[Marked] = (),
    joined: bool = False,
    title: str = "",
) -> Figure:
    """One quantity against another: a dot per seed and a named cross at each setting's mean.

    With `joined`, settings are named by model and value, and the means of one model are joined by a line. `marked` are
    published points, drawn as empty diamonds.
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
        text = shortened(name, LONGEST_NAME)
        axes.annotate(text, tuple(mean), (5, 4), textcoords="offset points", color=colours[family], fontsize=8)
    if joined:
        for family, line in means.items():
            axes.plot(*np.array(line).T, color=colours[family], linewidth=1, zorder=1)
    for point in marked:
        axes.plot(point.x, point.y, color=INK, marker="D", markersize=7, markerfacecolor="none", linestyle="")
        text = shortened(point.name, LONGEST_NAME)
        axes.annotate(text, (point.x, point.y), (6, -9), textcoords="offset points", color=INK, fontsize=8)
    for level in levels:
        axes.axhline(level.value, color=GREY, linewidth=0.9, linestyle="--")
        text = shortened(level.name, LONGEST_NAME)
        axes.annotate(text, (1, level.value), (-2, 2), ("axes fraction", "data"), "offset points", ha="right")
    axes.set_xlabel(shortened(x_label))
    axes.set_ylabel(shortened(y_label))
    axes.margins(x=0.12, y=0.1)
    name_figure(figure, title)
    return figure


def draw_bands(
    axes: Axes, lines: Sequence[Line], levels: Sequence[Level], marker: str | None = None
) -> list[tuple[float, str, str]]:
    """Lines with their bands, and levels; what names each at its right end."""
    settings = list(dict.fromkeys(line.setting for line in lines))
    quantities = list(dict.fromkeys(line.quantity for line in lines))
    ends = []
    for line in lines:
        shared, found = on_shared(line.seeds)
        if not len(shared):
            continue
        setting, quantity = settings.index(line.setting), quantities.index(line.quantity)
        alone = len(settings) == 1
        colour = COLOURS[(quantity if alone else setting) % len(COLOURS)]
        dashes = "-" if alone else DASHES[quantity % len(DASHES)]
        axes.plot(shared, found.mean(axis=0), color=colour, linestyle=dashes, marker=marker, markersize=4)
        if len(line.seeds) > 1:
            axes.fill_between(shared, found.min(axis=0), found.max(axis=0), color=colour, alpha=0.18, linewidth=0)
        name = line.setting if len(quantities) == 1 else line.quantity if alone else f"{line.setting}, {line.quantity}"
        ends.append((float(found.mean(axis=0)[-1]), f"{name} ({len(line.seeds)})", colour))
    return ends + draw_levels(axes, levels)


def on_shared(curves: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Curves (n, 2) -> the x that all have (m,), ascending, and each one's values there (seeds, m)."""
    by_x = [{float(x): float(value) for x, value in points} for points in curves]
    shared = sorted(set.intersection(*map(set, by_x)))
    return np.array(shared), np.array([[points[x] for x in shared] for points in by_x])


def draw_levels(axes: Axes, levels: Sequence[Level]) -> list[tuple[float, str, str]]:
    """Dashed lines across a figure, and what names them at their right ends."""
    for level in levels:
        axes.axhline(level.value, color=INK, linewidth=0.9, linestyle="--")
    return [(level.value, level.name, INK) for level in levels]
