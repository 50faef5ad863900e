"""A value per run, in a row per setting."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from disentangle_eval.errors import shortened
from disentangle_eval.report.levels import LINE, Level
from disentangle_eval.report.style import COLOURS, INK, LONGEST_NAME, LONGEST_ROW, WIDTH, name_figure, styled

FRAME = 1.4  # inches of height without the rows
ROW = 0.34  # inches of height per row
LINE_OF_NAME = 0.13  # inches of height per further line of a name
FOLD = 30  # characters per line of a name
NAME_LINE = 10  # points of height per name of a level


@styled
def strip_figure(
    values: Mapping[str, Sequence[float]], label: str, levels: Sequence[Level] = (), title: str = ""
) -> Figure:
    """A row per setting: a dot per seed and a bar at their mean; the axis starts at 0 where no value is below it."""
    names = [_folded(name, len(found)) for name, found in values.items()]
    lines = max(name.count("\n") for name in names)
    figure = Figure(figsize=(WIDTH, FRAME + (ROW + LINE_OF_NAME * lines) * len(values)))
    axes = figure.subplots()
    for row, (found, colour) in enumerate(zip(values.values(), itertools.cycle(COLOURS))):
        axes.plot(found, [row] * len(found), color=colour, linestyle="", marker="o", markersize=5, alpha=0.65)
        axes.plot([np.mean(found)] * 2, [row - 0.3, row + 0.3], color=INK, linewidth=1.6)
    draw_upright_levels(axes, levels)
    axes.margins(x=0.05)
    if min(itertools.chain(*values.values())) >= 0:
        axes.set_xlim(left=0)
    name_rows(axes, names)
    axes.set_xlabel(shortened(f"{label} (dot: seed, bar: mean)"))
    name_figure(figure, title)
    return figure


def _folded(name: str, seeds: int) -> str:
    """The name of a row, with its number of seeds, in lines short enough to leave room for the axes."""
    return textwrap.fill(f"{shortened(name, LONGEST_ROW)} ({seeds})", FOLD, break_on_hyphens=False)


def draw_upright_levels(axes: Axes, levels: Sequence[Level]) -> None:
    """Dashed lines from bottom to top, named above the axis, each name on a line of its own.

    Names read to the right from their lines, so those further left are higher: no line passes through a name.
    """
    for place, level in enumerate(sorted(levels, key=lambda level: -level.value)):
        axes.axvline(level.value, **LINE)
        above: dict[str, Any] = {
            "xy": (level.value, 1),
            "xycoords": ("data", "axes fraction"),
            "textcoords": "offset points",
        }
        foot = 1 + NAME_LINE * place
        arrow: dict[str, Any] = {"arrowstyle": "-", "shrinkA": 0, "shrinkB": 0, **LINE}
        axes.annotate("", xytext=(0, foot + 0.7 * NAME_LINE), arrowprops=arrow, **above)
        axes.annotate(shortened(level.name, LONGEST_NAME), xytext=(2, foot), fontsize=8, **above)


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """The rows of a strip, from the top, named at the left."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(False, axis="y")
