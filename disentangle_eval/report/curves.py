"""A run's log as curves over its iterations: losses, information bounds, information a dimension."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from disentangle_eval.report.style import COLOURS, GREY, HEIGHT, WIDTH, label_iterations, styled

Lines = Sequence[Mapping[str, Any]]

LOWER = "lower_bound"
UPPER = "upper_bound"
KL = "kl"
PANELS_IN_A_ROW = 2
POINTS = 100  # a curve of more points is also drawn as a running mean


@styled
def bounds_figure(log: Lines) -> Figure | None:
    """Lower and upper bound on the mutual information of latent and image, in nats, and the room between them.

    None where the log has neither.
    """
    lower, upper = series(log, LOWER), series(log, UPPER)
    if not len(lower) and not len(upper):
        return None
    figure = Figure(figsize=(WIDTH, HEIGHT))
    axes = figure.subplots()
    if len(lower) and len(upper):
        smooth = [smoothed(points) for points in (lower, upper)]
        axes.fill_between(smooth[0][:, 0], smooth[0][:, 1], smooth[1][:, 1], color=GREY, alpha=0.18, linewidth=0)
    if len(upper):
        trace(axes, upper, COLOURS[1], "upper bound $I_U$")
    if len(lower):
        trace(axes, lower, COLOURS[0], "lower bound $I_L$")
    axes.set_ylabel("information (nats)")
    axes.legend(loc="best")
    label_iterations(axes)
    return figure


@styled
def kl_figure(log: Lines) -> Figure | None:
    """The information each dimension carries, in nats, named at its end; None where the log does not say.

    The dimensions that end highest are in colour, the others grey.
    """
    table = vectors(log, KL)
    if table is None:
        return None
    iterations, values = table
    order = np.argsort(-values[-1], kind="stable")
    figure = Figure(figsize=(WIDTH, HEIGHT))
    axes = figure.subplots()
    for place, dimension in reversed(list(enumerate(order))):
        colour = COLOURS[place] if place < len(COLOURS) else GREY
        trace(axes, np.stack([iterations, values[:, dimension]], axis=1), colour)
    axes.set_ylabel("KL of a dimension (nats)")
    axes.set_ylim(bottom=0)
    label_iterations(axes)
    return figure


@styled
def losses_figure(log: Lines) -> Figure | None:
    """Every other term of the log in a panel of its own, in its own unit; None where there is none."""
    names = [name for name in scalars(log) if name not in (LOWER, UPPER)]
    if not names:
        return None
    columns = min(PANELS_IN_A_ROW, len(names))
    rows = math.ceil(len(names) / columns)
    figure = Figure(figsize=(WIDTH, 0.4 + 1.7 * rows))
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True).ravel()
    for axes, name in zip(panels, names, strict=False):
        trace(axes, series(log, name), COLOURS[0])
        axes.set_title(name.replace("_", " "), loc="left")
    for axes in panels[len(names) :]:
        axes.set_visible(False)
    for axes in panels[max(0, len(names) - columns) : len(names)]:
        label_iterations(axes)
        axes.tick_params(labelbottom=True)
    return figure
