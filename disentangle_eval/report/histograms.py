"""How the codes of a data set are distributed, dimension by dimension, next to their prior."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from disentangle_eval.errors import shortened
from disentangle_eval.latents import Categorical, CodeDimension, OneHot, Part, Uniform
from disentangle_eval.report.style import COLOURS, INK, WIDTH, name_figure, panels_of, styled

COLUMNS = 4
BINS = 50


@styled
def histograms_figure(
    codes: np.ndarray, code: Sequence[CodeDimension], priors: Sequence[Part | None], label: str, title: str = ""
) -> Figure:
    """A panel per column of `codes` (N, K): its density, or the share of each class, with the prior dashed.

    All panels of real numbers share their range, so that a narrow column is seen to be narrow. Densities start at 0.
    """
    figure = Figure(figsize=(1.25 * WIDTH, 0.6 + 1.6 * math.ceil(len(code) / COLUMNS)))
    real = [j for j, kind in enumerate(code) if not isinstance(kind, Categorical)]
    reach = max(
        [3.0 if any(priors[j] is None or not isinstance(priors[j], Uniform) for j in real) else 1.2]
        + [float(np.quantile(np.abs(codes[:, j]), 0.999)) for j in real]
    )
    for j, axes in enumerate(panels_of(figure, len(code), COLUMNS)):
        kind, prior = code[j], priors[j]
        if isinstance(kind, Categorical):
            draw_shares(axes, codes[:, j], kind.classes, prior)
        else:
            draw_density(axes, codes[:, j], reach, prior)
        axes.set_title(f"dimension {j}", loc="left")
        axes.set_ylim(bottom=0)
    figure.supxlabel(shortened(f"{label} (dashed: prior)"), fontsize=9)
    name_figure(figure, title)
    return figure


def draw_density(axes: Axes, values: np.ndarray, reach: float, prior: Part | None) -> None:
    """A histogram of one column as a density, and the density of its prior."""
    axes.hist(values, bins=np.linspace(-reach, reach, BINS + 1).tolist(), density=True, color=COLOURS[0], alpha=0.75)
    x = np.linspace(-reach, reach, 401)
    if isinstance(prior, Uniform):
        axes.plot(x, ((x >= prior.low) & (x <= prior.high)) / (prior.high - prior.low), color=INK, linestyle="--")
    elif prior is not None:
        axes.plot(x, np.exp(-np.square(x) / 2) / math.sqrt(2 * math.pi), color=INK, linestyle="--", linewidth=1)


def draw_shares(axes: Axes, values: np.ndarray, classes: int, prior: Part | None) -> None:
    """The share of each class of one column, and the share it has under the prior."""
    axes.bar(range(classes), np.bincount(values.astype(int), minlength=classes) / len(values), color=COLOURS[0])
    if isinstance(prior, OneHot):
        axes.axhline(1 / classes, color=INK, linestyle="--", linewidth=1)
