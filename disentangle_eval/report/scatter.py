"""One quantity of runs against another."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from disentangle_eval.errors import shortened
from disentangle_eval.report.levels import Level, draw_levels
from disentangle_eval.report.style import (
    COLOURS,
    HEIGHT,
    INK,
    LONGEST_NAME,
    WIDTH,
    label_lines,
    name_figure,
    styled,
)


@dataclass(frozen=True)
class Marked:
    """A point that others published, and its name."""

    x: float
    y: float
    name: str


@styled
def scatter_figure(
    points: Mapping[str, np.ndarray],
    x_label: str,
    y_label: str,
    *,
    levels: Sequence[Level] = (),
    marked: Sequence[Marked] = (),
    joined: bool = False,
    title: str = "",
) -> Figure:
    """One quantity against another: a dot per seed and a named cross at each setting's mean.

    `points` are those of each setting, (n, 2). With `joined`, settings are named by model and value, and the means of
    one model are joined by a line, in the order of `points`. `marked` are published points, drawn as empty diamonds;
    `levels` are lines across, named to the right of the axes, where no point is.
    """
    figure = Figure(figsize=(WIDTH, HEIGHT + 0.6))
    axes = figure.subplots()
    axes.margins(x=0.12, y=0.1)
    families = {setting: setting.split(" ")[0] if joined else setting for setting in points}
    colours = dict(zip(dict.fromkeys(families.values()), itertools.cycle(COLOURS)))
    means = {setting: found.mean(axis=0) for setting, found in points.items()}
    for setting, found in points.items():
        colour = colours[families[setting]]
        axes.plot(*found.T, color=colour, linestyle="", marker="o", markersize=3.5, alpha=0.45)
        axes.plot(*means[setting], color=colour, marker="X", markersize=7, markeredgecolor="white")
    for family, colour in colours.items() if joined else ():
        line = np.array([mean for setting, mean in means.items() if families[setting] == family])
        axes.plot(*line.T, color=colour, linewidth=1, zorder=1)
    for point in marked:
        axes.plot(point.x, point.y, color=INK, marker="D", markersize=7, markerfacecolor="none", linestyle="")
    lines = draw_levels(axes, levels)
    for setting, (x, y) in means.items():
        write_name(axes, x, y, setting, colours[families[setting]], above=4)
    for point in marked:
        write_name(axes, point.x, point.y, point.name, INK, above=-9)
    label_lines(axes, lines)
    axes.set_xlabel(shortened(x_label))
    axes.set_ylabel(shortened(y_label))
    name_figure(figure, title)
    return figure


def write_name(axes: Axes, x: float, y: float, name: str, colour: str, above: float) -> None:
    """Writes a name next to a point, so many typographic points above it, on the side where the axes have more room.

    It hides no point: points are drawn over it, and its white rim is over lines alone.
    """
    is_right = x > sum(axes.get_xlim()) / 2
    axes.annotate(
        shortened(name, LONGEST_NAME),
        (x, y),
        (-6 if is_right else 6, above),
        textcoords="offset points",
        ha="right" if is_right else "left",
        color=colour,
        fontsize=8,
        path_effects=[withStroke(linewidth=2, foreground="white")],
        zorder=1.5,
    )
