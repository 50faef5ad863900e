"""One quantity of runs against another."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation

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

# Of a name's baseline above its point, and of points from a name; in typographic points.
ABOVE, BELOW = 4, -10
CLEARANCE = 2.5

Side = Literal["left", "right"]


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
    lines: Mapping[str, Hashable] | None = None,
    title: str = "",
) -> Figure:
    """One quantity against another: a dot per seed and a named cross at each setting's mean.

    `points` are those of each setting, (n, 2). With `lines`, the means of settings that it gives the same line are
    joined in the order of `points`. `marked` are published points, drawn as empty diamonds; `levels` are lines across,
    named to the right of the axes, where no point is.
    """
    figure = Figure(figsize=(WIDTH, HEIGHT + 0.6))
    axes = figure.subplots()
    axes.margins(x=0.12, y=0.1)
    families = {setting: lines[setting] if lines else setting for setting in points}
    colours = dict(zip(dict.fromkeys(families.values()), itertools.cycle(COLOURS)))
    means = {setting: found.mean(axis=0) for setting, found in points.items()}
    for setting, found in points.items():
        colour = colours[families[setting]]
        axes.plot(*found.T, color=colour, linestyle="", marker="o", markersize=3.5, alpha=0.45)
        axes.plot(*means[setting], color=colour, marker="X", markersize=7, markeredgecolor="white")
    for family, colour in colours.items() if lines else ():
        line = np.array([mean for setting, mean in means.items() if families[setting] == family])
        axes.plot(*line.T, color=colour, linewidth=1, zorder=1)
    for point in marked:
        axes.plot(point.x, point.y, color=INK, marker="D", markersize=7, markerfacecolor="none", linestyle="")
    label_lines(axes, draw_levels(axes, levels))
    axes.set_xlabel(shortened(x_label))
    axes.set_ylabel(shortened(y_label))
    name_figure(figure, title)
    figure.draw_without_rendering()  # so that the axes have their final size
    named = [(x, y, setting, colours[families[setting]]) for setting, (x, y) in means.items()]
    named += [(point.x, point.y, point.name, INK) for point in marked]
    everything = np.concatenate([*points.values(), np.array([(x, y) for x, y, _, _ in named])])
    texts: list[Annotation] = []
    for x, y, name, colour in named:
        texts.append(write_name(axes, x, y, name, colour, everything, texts))
    return figure


def write_name(
    axes: Axes, x: float, y: float, name: str, colour: str, points: np.ndarray, others: Sequence[Annotation]
) -> Annotation:
    """Writes a name at a corner of a point, and returns it.

    It is the corner where the name meets the fewest of `points` (n, 2) and `others`; of equal ones, that above the
    point on the side where the axes have more room. The name hides no point: points are drawn over it, and its white
    rim is over lines alone.
    """
    text = axes.annotate(
        shortened(name, LONGEST_NAME),
        (x, y),
        (0, 0),
        textcoords="offset points",
        color=colour,
        fontsize=8,
        path_effects=[withStroke(linewidth=2, foreground="white")],
        zorder=1.5,
    )
    sides: tuple[Side, Side] = ("right", "left") if x > sum(axes.get_xlim()) / 2 else ("left", "right")
    pixels = axes.transData.transform(points)
    taken = [other.get_window_extent() for other in others]

    def met(corner: tuple[float, Side]) -> int:
        _place(text, *corner)
        box = text.get_window_extent().padded(CLEARANCE * axes.figure.dpi / 72)
        outside = not (axes.bbox.x0 <= box.x0 and box.x1 <= axes.bbox.x1)
        return box.count_contains(pixels) + box.count_overlaps(taken) + len(pixels) * outside

    _place(text, *min(itertools.product((ABOVE, BELOW), sides), key=met))
    return text


def _place(text: Annotation, height: float, side: Side) -> None:
    """Moves a name to a corner of its point: to its `side`, so many typographic points above it."""
    text.set_position((-6 if side == "right" else 6, height))
    text.set_horizontalalignment(side)
