"""How plots look, and how they become files."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from disentangle_eval.errors import shortened
from disentangle_eval.runtime.files import write_atomically

P = ParamSpec("P")
T = TypeVar("T")

# Okabe and Ito's colours without black and yellow: distinct to colour-blind readers, dark enough for lines on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
GREY = "#A8A8A8"
INK = "#505050"

WIDTH = 6.4  # inches: the width of a page's text
HEIGHT = 3.4
RESOLUTION = 200  # dots per inch

_LINE = 0.055  # height of a line of text, as a part of an axis HEIGHT inches high

LONGEST_NAME = 40
LONGEST_ROW = 80  # of a setting at the left of its row

_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.xmargin": 0.01,
    "grid.color": "#E8E8E8",
    "grid.linewidth": 0.6,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "lines.linewidth": 1.5,
    "lines.solid_capstyle": "round",
    "figure.constrained_layout.use": True,
    # Names from outside are never formulas.
    "text.parse_math": False,
}


def styled(draw: Callable[P, T]) -> Callable[P, T]:
    """Makes a function draw in this style, whatever the process's own settings are."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> T:
        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            matplotlib.rcParams.update(_STYLE)
            return draw(*args, **kwargs)

    return drawn


def panels_of(figure: Figure, n: int, columns: int, sharex: bool = False, sharey: bool = False) -> list[Axes]:
    """The `n` panels of a figure, so many per row, which may share their axes."""
    rows = math.ceil(n / columns)
    panels: list[Axes] = figure.subplots(rows, columns, squeeze=False, sharex=sharex, sharey=sharey).ravel().tolist()
    for axes in panels[n:]:
        axes.remove()
    return panels[:n]


def count_iterations(axes: Axes) -> None:
    """Makes the x axis count iterations in round numbers."""
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 3, 5, 10], integer=True))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def name_figure(figure: Figure, title: str) -> None:
    """Writes above a figure what it is of: the run, the data and the seed."""
    if title:
        figure.suptitle(shortened(title), x=0.01, ha="left", fontsize=9, color=INK)


def label_lines(axes: Axes, ends: Sequence[tuple[float, str, str]]) -> None:
    """Names curves at their right ends; `ends` are a curve's last value, name and colour. Names never overlap."""
    low, high = axes.get_ylim()
    places = spread([value for value, _, _ in ends], _LINE * (high - low), low)
    for (_, name, colour), place in zip(ends, places, strict=True):
        axes.annotate(
            shortened(name, LONGEST_NAME),
            xy=(1, place),
            xycoords=("axes fraction", "data"),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            color=colour,
            fontsize=8,
            annotation_clip=False,
        )


def spread(values: Sequence[float], gap: float, least: float = -math.inf) -> list[float]:
    """The values, moved as far as needed to be at least `gap` apart; their order, and each cluster's middle, stay.

    None is moved below `least`; those that would be, and what is above them, move up.
    """
    clusters: list[tuple[float, list[int]]] = []  # middle, members in ascending order
    for index in sorted(range(len(values)), key=lambda index: values[index]):
        middle, members = values[index], [index]
        while clusters and middle - gap * len(members) / 2 < clusters[-1][0] + gap * len(clusters[-1][1]) / 2:
            before, earlier = clusters.pop()
            middle = (before * len(earlier) + middle * len(members)) / (len(earlier) + len(members))
            members = earlier + members
        clusters.append((middle, members))
    moved = dict.fromkeys(range(len(values)), 0.0)
    for middle, members in clusters:
        for place, index in enumerate(members):
            least = max(least, middle + gap * (place - (len(members) - 1) / 2))
            moved[index] = least
            least += gap
    return list(moved.values())


@styled
def save_figure(path: Path, figure: Figure) -> None:
    """Write a plot in the format of its suffix, whole or not at all; `DevalError` where that is not allowed."""
    write_atomically(path, lambda file: figure.savefig(file, format=path.suffix[1:], dpi=RESOLUTION))
