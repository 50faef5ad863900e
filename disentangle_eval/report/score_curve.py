"""A run's scores over its training."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from disentangle_eval.report.style import COLOURS, HEIGHT, WIDTH, count_iterations, label_lines, styled

Results = Sequence[Mapping[str, Any]]

ONE_BY_ONE = 3  # more panels than this stand two in a row


@styled
def scores_figure(results: Results) -> Figure | None:
    """A panel a metric and in it a curve a protocol, with what a code that knows nothing would score, dashed.

    `results` are lines of results.jsonl. Results with different settings or data never share a curve; those of one
    checkpoint under several seeds are dots about their mean. Where any metric was scored at several iterations, those
    scored at one alone are left out. None where no result is of a checkpoint.
    """
    metrics: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for result in results:
        if result.get("iteration") is not None:
            metrics[result["metric"]].append(result)
    followed = {metric: found for metric, found in metrics.items() if len({line["iteration"] for line in found}) > 1}
    shown = followed or metrics
    if not shown:
        return None
    columns = 1 if len(shown) <= ONE_BY_ONE else 2
    rows = math.ceil(len(shown) / columns)
    figure = Figure(figsize=(columns * WIDTH, HEIGHT * rows))
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (metric, found) in zip(panels, shown.items(), strict=False):
        _draw(axes, metric, found)
    for axes in panels[len(shown) :]:
        axes.remove()
    return figure


def curves(results: Results) -> dict[str, Results]:
    """Results of one metric by curve, named by protocol, and by data set where it takes that to tell them apart."""
    groups: dict[tuple[str, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for result in results:
        settings = json.dumps(result["settings"], sort_keys=True)
        groups[settings, str(result.get("dataset_sha256")), str(result.get("metric_version"))].append(result)
    named: dict[str, Results] = {}
    for members in groups.values():
        first = members[0]
        name = str(first["settings"].get("protocol", "score"))
        name = f"{name}, {first.get('dataset')}" if name in named else name
        named[name if name not in named else f"{name} ({len(named) + 1})"] = members
    return named


def _draw(axes: Axes, metric: str, results: Results) -> None:
    ends = []
    for position, (name, members) in enumerate(curves(results).items()):
        colour = COLOURS[position % len(COLOURS)]
        iterations = sorted({result["iteration"] for result in members})
        means = [np.mean(_of(members, iteration, "value")) for iteration in iterations]
        axes.plot(iterations, means, color=colour, marker="o", markersize=3.5)
        if len({result["seed"] for result in members}) > 1:
            dots = [(result["iteration"], result["value"]) for result in members]
            axes.plot(*np.transpose(dots), color=colour, linestyle="", marker="o", markersize=2.5, alpha=0.45)
        ends.append((float(means[-1]), name, colour))
        chances = np.array([(at, np.mean(chance)) for at in iterations if (chance := _of(members, at, "chance"))])
        if len(chances):
            _draw_chance(axes, chances, colour)
            ends.append((float(chances[-1, 1]), "chance", colour))
    better = results[0].get("better")
    axes.set_ylabel(f"{metric}, {better} is better" if better in ("higher", "lower") else metric)
    axes.set_xlabel("iteration")
    measured = {result["iteration"] for result in results}
    if len(measured) == 1:
        (only,) = measured
        axes.set_xlim(only - 1, only + 1)
    count_iterations(axes)
    label_lines(axes, ends)


def _draw_chance(axes: Axes, chances: np.ndarray, colour: str) -> None:
    """A dashed curve (n, 2), straight across where it is constant."""
    dashed: dict[str, Any] = {"color": colour, "linestyle": (0, (4, 2)), "linewidth": 1}
    if np.ptp(chances[:, 1]) == 0:
        axes.axhline(chances[0, 1], **dashed)
    else:
        axes.plot(*chances.T, **dashed)


def _of(results: Results, iteration: int, field: str) -> list[float]:
    found = [result[field] for result in results if result["iteration"] == iteration]
    return [value for value in found if value is not None]
