"""How plots look, and how they become files."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from disentangle_eval.files import write_atomically

P = ParamSpec("P")
T = TypeVar("T")

# Okabe and Ito's colours without black and yellow: told apart by colour-blind readers, dark enough for lines on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
GREY = "#9A9A9A"

WIDTH = 6.4  # inches: a page's text width
HEIGHT = 3.4
RESOLUTION = 200  # dots an inch

_STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#404040",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.6,
    "xtick.color": "#404040",
    "ytick.color": "#404040",
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.5,
    "lines.solid_capstyle": "round",
    "figure.constrained_layout.use": True,
    "svg.hashsalt": "disentangle_eval",
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


def label_iterations(axes: Axes) -> None:
    """The x axis counts iterations, in thousands from a thousand on."""
    axes.set_xlabel("iteration")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


@styled
def save_figure(path: Path, figure: Figure) -> None:
    """Write a plot in the format of its suffix, whole or not at all; `DevalError` where that is not allowed."""
    kind = path.suffix.removeprefix(".")
    write_atomically(path, lambda file: figure.savefig(file, format=kind, dpi=RESOLUTION))
