"""One logged term of several runs, side by side."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from disentangle_eval.errors import shortened
from disentangle_eval.report.curves import Log, iteration_label, running_mean, series, trace
from disentangle_eval.report.style import (
    COLOURS,
    HEIGHT,
    INK,
    WIDTH,
    count_iterations,
    label_lines,
    name_figure,
    styled,
)


@styled
def comparison_figure(
    logs: Mapping[str, Log], term: str, label: str, level: tuple[float, str] | None = None, title: str = ""
) -> Figure | None:
    """The curve of a term in every log, named by its key at its end; runs of one name share a colour and its label.

    A key may say which of several runs it is behind a slash, `InfoGAN/0`. `level` is a value that the term cannot
    exceed and its name, drawn dashed. None where no log has the term.
    """
    curves = {key: points for key, log in logs.items() if len(points := series(log, term))}
    if not curves:
        return None
    names = list(dict.fromkeys(key.partition("/")[0] for key in curves))
    colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(names)}
    figure = Figure(figsize=(WIDTH, HEIGHT))
    axes = figure.subplots()
    ends: dict[str, list[float]] = {name: [] for name in names}
    for key, points in curves.items():
        name = key.partition("/")[0]
        trace(axes, points, colours[name])
        ends[name].append(running_mean(points)[-1, 1])
    if level is not None:
        axes.axhline(level[0], color=INK, linewidth=0.8, linestyle="--")
    axes.set_ylabel(shortened(label))
    axes.set_xlabel(iteration_label(list(curves.values())))
    count_iterations(axes)
    named = [(sum(values) / len(values), name, colours[name]) for name, values in ends.items()]
    label_lines(axes, [*named, *([] if level is None else [(*level, INK)])])
    name_figure(figure, title)
    return figure
