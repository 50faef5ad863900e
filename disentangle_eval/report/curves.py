"""A run's log as curves over its iterations: losses, information bounds, information per dimension."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

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
    WIDTH,
    count_iterations,
    label_lines,
    name_figure,
    panels_of,
    styled,
)

Log = Sequence[Mapping[str, Any]]

LOWER = "lower_bound"
UPPER = "upper_bound"
KL = "kl"

IN_A_ROW = 2
NOISY = 100  # a curve of more points is drawn pale, its running mean over it
SHARE = 50  # the running mean spans one part in so many of a curve


@styled
def bounds_figure(log: Log, title: str = "") -> Figure | None:
    """Lower and upper bound on the mutual information of latent and image, in nats, and the room between them.

    None where the log has neither.
    """
    lower, upper = series(log, LOWER), series(log, UPPER)
    if not len(lower) and not len(upper):
        return None
    figure = Figure(figsize=(WIDTH, HEIGHT))
    axes = figure.subplots()
    if np.array_equal(lower[:, 0], upper[:, 0]):
        below, above = running_mean(lower), running_mean(upper)
        axes.fill_between(below[:, 0], below[:, 1], above[:, 1], color=GREY, alpha=0.2, linewidth=0)
    ends = []
    for points, colour, name in ((lower, COLOURS[0], "lower bound I_L"), (upper, COLOURS[1], "upper bound I_U")):
        if len(points):
            trace(axes, points, colour)
            ends.append((running_mean(points)[-1, 1], name, colour))
    axes.set_ylabel("mutual information (nats)")
    axes.set_xlabel(iteration_label([lower, upper]))
    count_iterations(axes)
    label_lines(axes, ends)
    name_figure(figure, title)
    return figure


@styled
def kl_figure(log: Log, title: str = "") -> Figure | None:
    """The information each dimension carries, in nats, named at its end; None where the log does not say.

    The dimensions that end highest are in colour, the others grey.
    """
    iterations, values = table(log, KL)
    if not values.size:
        return None
    figure = Figure(figsize=(WIDTH, HEIGHT))
    axes = figure.subplots()
    curves = [np.stack([iterations, column], axis=1) for column in values.T]
    final = np.array([running_mean(points)[-1, 1] for points in curves])
    order = np.argsort(-final, kind="stable").tolist()
    coloured, others = order[: len(COLOURS)], order[len(COLOURS) :]
    for dimension in others:
        axes.plot(*running_mean(curves[dimension]).T, color=GREY, linewidth=1)
    for dimension, colour in zip(coloured, COLOURS, strict=False):
        trace(axes, curves[dimension], colour)
    ends = [(final[d], f"dimension {d}", colour) for d, colour in zip(coloured, COLOURS, strict=False)]
    if others:
        named = ", ".join(map(str, sorted(others)))
        ends.append((final[others].mean(), named if len(others) <= len(COLOURS) else f"{len(others)} others", INK))
    axes.set_ylabel("KL of one dimension (nats)")
    axes.set_ylim(bottom=0)
    axes.set_xlabel(iteration_label(curves))
    count_iterations(axes)
    label_lines(axes, ends)
    name_figure(figure, title)
    return figure


@styled
def losses_figure(log: Log, title: str = "") -> Figure | None:
    """Every other number of the log in a panel of its own; None where there is none."""
    terms = [name for name in scalars(log) if name not in (LOWER, UPPER)]
    if not terms:
        return None
    figure = Figure(figsize=(WIDTH, 0.5 + 1.7 * math.ceil(len(terms) / IN_A_ROW)))
    panels = panels_of(figure, len(terms), IN_A_ROW)
    curves = [series(log, name) for name in terms]
    for axes, name, points in zip(panels, terms, curves, strict=True):
        trace(axes, points, COLOURS[0])
        axes.set_title(shortened(name.replace("_", " "), LONGEST_NAME), loc="left")
        count_iterations(axes)
    figure.supxlabel(iteration_label(curves), fontsize=9)
    name_figure(figure, title)
    return figure


# ---------------------------------------------------------------- reading a log


def scalars(log: Log) -> list[str]:
    """Names of the terms that are numbers, in the order in which the log has them."""
    names = {name: None for line in log for name, value in line.items() if isinstance(value, int | float)}
    return [name for name in names if name != "iteration"]


def series(log: Log, name: str) -> np.ndarray:
    """A term over the iterations that have it: (n, 2), iteration and value; (0, 2) where none has."""
    points = [(line["iteration"], line[name]) for line in log if isinstance(line.get(name), int | float)]
    return np.array(points, dtype=float).reshape(-1, 2)


def table(log: Log, name: str) -> tuple[np.ndarray, np.ndarray]:
    """A term of several numbers: iterations (n,) and values (n, K); both empty where the log has none."""
    lines = [line for line in log if isinstance(line.get(name), list)]
    return np.array([line["iteration"] for line in lines], dtype=float), np.array([line[name] for line in lines])


# ---------------------------------------------------------------- drawing a curve


def span(points: np.ndarray) -> int:
    """How many points the running mean of a curve (n, 2) covers: an odd number, 1 where it is not noisy."""
    return len(points) // SHARE | 1 if len(points) > NOISY else 1


def running_mean(points: np.ndarray) -> np.ndarray:
    """A curve (n, 2) with each value replaced by the mean around it; fewer neighbours count near the ends."""
    kernel = np.ones(span(points))
    if not len(points):
        return points
    counts = np.convolve(np.ones(len(points)), kernel, mode="same")
    return np.stack([points[:, 0], np.convolve(points[:, 1], kernel, mode="same") / counts], axis=1)


def iteration_label(curves: Sequence[np.ndarray]) -> str:
    """The name of the x axis, which says what bold curves are where there are any."""
    longest = max(curves, key=len)
    if span(longest) == 1:
        return "iteration"
    return f"iteration (bold: mean over {span(longest) * (longest[-1, 0] - longest[0, 0]) / (len(longest) - 1):,.0f})"


def trace(axes: Axes, points: np.ndarray, colour: str) -> None:
    """A curve (n, 2); where it is noisy it is pale, with its running mean over it."""
    if span(points) > 1:
        axes.plot(*points.T, color=colour, alpha=0.3, linewidth=0.5)
    axes.plot(*running_mean(points).T, color=colour, marker="o" if len(points) == 1 else None, markersize=4)
