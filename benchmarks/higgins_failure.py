"""The code that fools the Higgins metric: every factor but one has a dimension, and the score is 1 all the same.

Draws docs/metrics/higgins-failure.png. Left, the points of a code with dimensions for two of three factors: the third
is identified by both distances being large. Right, the scores of codes with dimensions for 0 to 5 of five factors.

    python benchmarks/higgins_failure.py --out docs/metrics/higgins-failure.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.metrics.factors.config import FactorVAEConfig, HigginsConfig
from disentangle_eval.metrics.factors.factorvae import FactorVAEMetric
from disentangle_eval.metrics.factors.higgins import HigginsMetric, draw_points
from disentangle_eval.metrics.subject import CodeTable
from disentangle_eval.metrics.toolbox.votes import ReferenceStream

COLOURS = ("#0072b2", "#d55e00", "#009e73")
CLASSES = 8


def partial_code(factors: int, kept: int) -> CodeTable:
    """A grid of factors of 8 classes, coded by the standardised classes of the first `kept` and dead dimensions."""
    space = FactorSpace(tuple("abcde"[:factors]), (CLASSES,) * factors)
    classes = space.classes(np.arange(len(space)))
    codes = (classes - classes.mean(axis=0)) / classes.std(axis=0)
    codes[:, kept:] = 0
    return CodeTable(codes, space)


def draw_distances(axes: Axes) -> None:
    """The points of a code with dimensions for a and b, and none for c."""
    table = partial_code(3, 2)
    (points,), shared = draw_points([table], ReferenceStream(table.grid, 0), 600, 64)
    for factor, (name, colour) in enumerate(zip("abc", COLOURS, strict=True)):
        x, y = points[shared == factor, :2].T
        axes.scatter(x, y, s=8, color=colour, label=f"pairs share {name}", linewidths=0)
    axes.set(xlabel="mean distance in the dimension of a", ylabel="mean distance in the dimension of b")
    axes.set(xlim=(-0.05, 1.6), ylim=(-0.05, 1.6), title="no dimension for c, yet lines part all three", aspect="equal")
    axes.set(xticks=(0, 0.5, 1, 1.5), yticks=(0, 0.5, 1, 1.5))
    axes.legend(frameon=False, loc="center", bbox_to_anchor=(0.4, 0.4), markerscale=2)


def draw_scores(axes: Axes) -> None:
    """Scores by the number of factors that have a dimension, both metrics under `dlib`."""
    kept = range(6)
    tables = [partial_code(5, n) for n in kept]
    higgins = HigginsMetric(HigginsConfig(**HigginsConfig.protocols["dlib"]))
    factorvae = FactorVAEMetric(FactorVAEConfig(**FactorVAEConfig.protocols["dlib"]))
    for name, metric, colour in (("Higgins", higgins, COLOURS[1]), ("FactorVAE", factorvae, COLOURS[0])):
        scores = [metric.score(table, 0).values["value"] for table in tables]
        print(name, [f"{score:.3f}" for score in scores])
        axes.plot(kept, scores, color=colour, marker="o", label=name, clip_on=False)
    axes.axhline(0.2, color="#888888", linestyle=":", linewidth=1, label="chance")
    axes.set(xlabel="factors with a dimension of their own, of five", ylabel="score", xlim=(0, 5), ylim=(0, 1))
    axes.set(title="four of five score 1")
    axes.legend(frameon=False, loc="upper left")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    distances, scores = figure.subplots(1, 2)
    draw_distances(distances)
    draw_scores(scores)
    for axes in (distances, scores):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(parser.parse_args().out, dpi=100)


if __name__ == "__main__":
    main()
