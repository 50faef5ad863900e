"""Codes in two dimensions by t-SNE, coloured by what is known of the images."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from disentangle_eval.errors import shortened
from disentangle_eval.latents import CodeDimension
from disentangle_eval.metrics.toolbox.columns import one_hot_blocks
from disentangle_eval.report.style import LONGEST_NAME, WIDTH, name_figure, panels_of, styled

COLUMNS = 3
MOST_NAMED = 10


def embed(codes: np.ndarray, code: Sequence[CodeDimension], perplexity: float, seed: int) -> np.ndarray:
    """t-SNE (van der Maaten and Hinton, 2008) of codes (N, K) -> (N, 2), by scikit-learn from a PCA start.

    A categorical column counts as its one-hot vector. The perplexity is at most `most_perplexity(N)`.
    """
    from sklearn.manifold import TSNE

    points = features(codes, code)
    start = "pca" if points.shape[1] > 1 else "random"
    tsne = TSNE(perplexity=perplexity, init=start, random_state=seed, n_jobs=1)
    embedded: np.ndarray = tsne.fit_transform(points)
    return embedded


def most_perplexity(n: int) -> float:
    """The largest perplexity of `n` points, each of which has three times as many neighbours."""
    return (n - 1) / 3


def features(codes: np.ndarray, code: Sequence[CodeDimension]) -> np.ndarray:
    """Codes (N, K) with every categorical column replaced by its one-hot columns, (N, columns) float32."""
    return np.hstack(one_hot_blocks(codes, code)).astype(np.float32)


@styled
def embedding_figure(points: np.ndarray, classes: Mapping[str, np.ndarray], title: str = "") -> Figure:
    """Points (N, 2), a panel per name of `classes`, coloured by those classes (N,).

    Up to ten classes have colours of their own and are named; more are a scale from the first class to the last. The
    axes of t-SNE have no unit and are left out.
    """
    columns = min(COLUMNS, len(classes))
    side = WIDTH if columns == 1 else 1.25 * WIDTH / columns
    figure = Figure(figsize=(side * columns, 0.5 + side * math.ceil(len(classes) / columns)))
    panels = panels_of(figure, len(classes), columns)
    for axes, (name, found) in zip(panels, classes.items(), strict=True):
        draw_points(axes, points, found)
        axes.set_title(shortened(name), loc="left")
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_aspect("equal", adjustable="datalim")
        axes.spines[:].set_visible(False)
    name_figure(figure, title)
    return figure


def draw_points(axes: Axes, points: np.ndarray, classes: np.ndarray) -> None:
    """Points in the colours of their classes, with what names them."""
    size = max(2.0, min(12.0, 8000 / len(points)))
    present = np.unique(classes)
    if len(present) <= MOST_NAMED:
        colours = matplotlib.colormaps["tab10"].colors  # type: ignore[attr-defined]
        for place, found in enumerate(present):
            chosen = points[classes == found]
            axes.scatter(
                chosen[:, 0],
                chosen[:, 1],
                s=size,
                color=colours[place],
                linewidths=0,
                label=shortened(str(found), LONGEST_NAME),
            )
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=7, frameon=False, handletextpad=0.1)
        return
    drawn = axes.scatter(points[:, 0], points[:, 1], s=size, c=classes, cmap="viridis", linewidths=0)
    axes.figure.colorbar(drawn, ax=axes, shrink=0.7, label="class")
