"""Curves of many runs: their mean over seeds, in the band from least to greatest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from disentangle_eval.errors import shortened
from disentangle_eval.report.levels import Level, draw_levels
from disentangle_eval.report.style import (
    COLOURS,
    GREY,
    HEIGHT,
    WIDTH,
    count_iterations,
    label_lines,
    name_figure,
    panels_of,
    styled,
)

DASHES: tuple[str, ...] = ("-", "--", ":", "-.")
BAND = "line: mean over seeds, band: least to greatest"


@dataclass(frozen=True)
class Line:
    """One quantity of the runs of one setting: a curve (n, 2) per seed."""

    setting: str
    quantity: str
    seeds: Sequence[np.ndarray]


@styled
def bands_figure(lines: Sequence[Line], label: str, levels: Sequence[Level] = (), title: str = "") -> Figure:
    """The mean over seeds of each line's curves, iteration and value, in the band from least to greatest.

    Settings differ in colour and quantities in dashes; of one setting alone, quantities differ in colour. Iterations
    that not every seed of a setting has are left out.
    """
    figure = Figure(figsize=(WIDTH, HEIGHT))
    axes = figure.subplots()
    label_lines(axes, [*draw_bands(axes, lines), *draw_levels(axes, levels)])
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
    rows = panels_of(figure, len(panels), columns=1, sharex=True)
    for axes, (quantity, lines) in zip(rows, panels.items(), strict=True):
        ends = [*draw_bands(axes, lines, marker="o"), *draw_levels(axes, (levels or {}).get(quantity, ()))]
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
    panels = panels_of(figure, len(tables), columns, sharex=True, sharey=True)
    for axes, (setting, seeds) in zip(panels, tables.items(), strict=True):
        for rank, curves in enumerate(by_rank(seeds)):
            draw_band(axes, curves, COLOURS[rank] if rank < len(COLOURS) else GREY)
        axes.set_title(f"{shortened(setting)} ({len(seeds)})", loc="left")
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
        count_iterations(axes)
    figure.supylabel(shortened(label), fontsize=9)
    figure.supxlabel(f"iteration (entries matched by rank, {BAND})", fontsize=9)
    name_figure(figure, title)
    return figure


def by_rank(seeds: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[list[np.ndarray]]:
    """Vectors over iterations, (n,) and (n, K) per seed -> per rank, highest mean first, a curve (n, 2) per seed."""
    ranked = [(at, values[:, np.argsort(-values.mean(axis=0), kind="stable")]) for at, values in seeds]
    ranks = min(values.shape[1] for _, values in ranked)
    return [[np.stack([at, values[:, rank]], axis=1) for at, values in ranked] for rank in range(ranks)]


def draw_bands(axes: Axes, lines: Sequence[Line], marker: str | None = None) -> list[tuple[float, str, str]]:
    """Lines with their bands, and what names each at its right end, as `label_lines` takes it."""
    settings = list(dict.fromkeys(line.setting for line in lines))
    quantities = list(dict.fromkeys(line.quantity for line in lines))
    alone = len(settings) == 1
    ends = []
    for line in lines:
        setting, quantity = settings.index(line.setting), quantities.index(line.quantity)
        colour = COLOURS[(quantity if alone else setting) % len(COLOURS)]
        dashes = "-" if alone else DASHES[quantity % len(DASHES)]
        end = draw_band(axes, line.seeds, colour, linestyle=dashes, marker=marker, markersize=4)
        name = line.setting if len(quantities) == 1 else line.quantity if alone else f"{line.setting}, {line.quantity}"
        if end is not None:
            ends.append((end, f"{name} ({len(line.seeds)})", colour))
    return ends


def draw_band(axes: Axes, curves: Sequence[np.ndarray], colour: str, **style: Any) -> float | None:
    """The mean of curves (n, 2), in a band if they are several; returns its last value, None where they share no x.

    Curves that share one x alone are a dot on a line from least to greatest.
    """
    shared, values = on_shared(curves)
    if not len(shared):
        return None
    mean = values.mean(axis=0)
    alone = len(shared) == 1
    axes.plot(shared, mean, color=colour, **(style | {"marker": "o"} if alone else style))
    if alone:
        axes.vlines(shared, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.5)
    elif len(curves) > 1:
        axes.fill_between(shared, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.18, linewidth=0)
    return float(mean[-1])


def on_shared(curves: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Curves (n, 2) -> the x that all have (m,), ascending, and each one's values there (seeds, m)."""
    by_x = [{float(x): float(value) for x, value in points} for points in curves]
    shared = sorted(set.intersection(*map(set, by_x)))
    return np.array(shared), np.array([[points[x] for x in shared] for points in by_x])
