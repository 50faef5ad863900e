"""Which clusters a run's model puts the images of each class in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from disentangle_eval.errors import shortened
from disentangle_eval.report.style import LONGEST_NAME, WIDTH, styled

METRIC = "cluster-accuracy"

# Cells darker than this have white numbers.
_DARK = 0.5
_MOST_NUMBERED = 20


@styled
def confusion_figure(results: Sequence[Mapping[str, Any]]) -> Figure | None:
    """Images by class (rows) and cluster (columns) in the newest cluster accuracy; None where there is none.

    `results` are lines of results.jsonl. A cell is shaded by its share of the row and holds the number of images.
    Clusters are in the order of the classes they match one to one, so that agreement is the diagonal; those left over
    come last. Framed cells are what majority counts.
    """
    scored = [result for result in results if result["metric"] == METRIC]
    if not scored:
        return None
    result = scored[-1]
    details = result["details"]
    confusion = np.array(details["confusion"])
    order = cluster_order(details["classes"], details["hungarian_names"])
    rows, columns = confusion.shape
    cell = WIDTH / (max(rows, columns) + 3)
    figure = Figure(figsize=(cell * (columns + 3), cell * (rows + 3)))
    axes = figure.subplots()
    _draw(axes, confusion[:, order])
    _frame(axes, details["classes"], [details["majority_names"][cluster] for cluster in order])
    axes.set_xticks(range(columns), [str(cluster) for cluster in order])
    axes.set_yticks(range(rows), [shortened(str(label), LONGEST_NAME) for label in details["classes"]])
    column = details["column"]
    axes.set_xlabel("cluster" if column is None else f"cluster, class of code dimension {column}")
    axes.set_ylabel("class")
    axes.set_title(_title(result), loc="left")
    return figure


def cluster_order(classes: Sequence[int], names: Sequence[int]) -> list[int]:
    """Clusters sorted by the class they are named after; nameless ones (-1) last."""
    place = {label: position for position, label in enumerate(classes)}
    return sorted(range(len(names)), key=lambda cluster: place.get(names[cluster], len(classes)))


def _draw(axes: Axes, confusion: np.ndarray) -> None:
    share = confusion / np.maximum(1, confusion.sum(axis=1, keepdims=True))
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    axes.grid(False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    if max(confusion.shape) > _MOST_NUMBERED:
        return
    for row, column in zip(*np.nonzero(confusion), strict=True):
        colour = "white" if share[row, column] > _DARK else "#303030"
        axes.text(column, row, f"{confusion[row, column]}", ha="center", va="center", color=colour, fontsize=7)


def _frame(axes: Axes, classes: Sequence[int], names: Sequence[int]) -> None:
    """Frames the cell of each cluster's most frequent class."""
    for column, name in enumerate(names):
        if name in classes:
            row = list(classes).index(name)
            x, y = column - 0.46, row - 0.46
            axes.plot([x, x + 0.92, x + 0.92, x, x], [y, y, y + 0.92, y + 0.92, y], color="#D55E00", linewidth=1)


def _title(result: Mapping[str, Any]) -> str:
    details = result["details"]
    images = f"{sum(map(sum, details['confusion'])):,} images of {result.get('dataset') or 'the table'}"
    return (
        f"{shortened(_subject(result))}\n{shortened(images)}\n"
        f"one to one {100 * details['hungarian']:.2f}%, by majority (framed) {100 * details['majority']:.2f}%"
    )


def _subject(result: Mapping[str, Any]) -> str:
    """What was scored: a table of codes, or a model with its data, seed and iteration as far as they are known."""
    if result.get("codes"):
        return str(result["codes"])
    data, seed, iteration = (result.get(key) for key in ("trained_on", "train_seed", "iteration"))
    return (
        str(result.get("model"))
        + (f" on {data}" if data else "")
        + ("" if seed is None else f", seed {seed}")
        + ("" if iteration is None else f", iteration {iteration:,}")
    )
