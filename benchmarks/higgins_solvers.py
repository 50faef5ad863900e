"""How far apart are the Higgins metric's closed protocol and a classifier at its minimum, on the same codes?

`kim-mnih` and `converged` have the same points for a seed, so that a difference of two scores is the classifier's
alone. Codes come from files, as `deval score --codes` reads them, and from here: the five factors of a grid like
dSprites', standardised and rotated by a random rotation. Multiplying a code by a unit multiplies its points, so each
code is tried in several units. Writes one JSON line per code, unit and protocol.

    python benchmarks/higgins_solvers.py axis.npz mixed.npz --out evidence/benchmarks/higgins_solvers.jsonl
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from lines import Line, line, write

from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.metrics.code_arrays import code_table
from disentangle_eval.metrics.factors.config import HigginsConfig
from disentangle_eval.metrics.factors.higgins import HigginsMetric, draw_points
from disentangle_eval.metrics.subject import CodeTable
from disentangle_eval.metrics.toolbox.votes import IndependentStream
from disentangle_eval.runtime.devices import describe_device
from disentangle_eval.sources.tables import read_table

METRICS = {name: HigginsMetric(HigginsConfig(**HigginsConfig.protocols[name])) for name in ("kim-mnih", "converged")}
UNITS = (0.1, 1.0, 10.0)


class PointSet(NamedTuple):
    """Training and fresh points with their labels."""

    train: tuple[np.ndarray, np.ndarray]
    fresh: tuple[np.ndarray, np.ndarray]


def rotated_factors() -> CodeTable:
    """A grid of dSprites' sizes, coded by its standardised factors under a random rotation."""
    space = FactorSpace(("shape", "scale", "orientation", "x", "y"), (3, 6, 40, 32, 32))
    classes = space.classes(np.arange(len(space)))
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 5)))[0]
    return CodeTable((classes - classes.mean(axis=0)) / classes.std(axis=0) @ rotation, space)


def point_set(table: CodeTable, seed: int) -> PointSet:
    """The points that both protocols draw with a seed."""
    cfg, stream = METRICS["kim-mnih"].cfg, IndependentStream(table.grid, seed)
    counts = (cfg.train_points, cfg.eval_points)
    return PointSet(*(draw_points([table], stream, count, cfg.pairs_per_point, np.float64) for count in counts))


def results(name: str, sets: list[PointSet]) -> Iterator[Line]:
    """The accuracy of both protocols on a code in each unit, by seed."""
    for unit in UNITS:
        for protocol, metric in METRICS.items():
            fits = [
                metric.classifier(unit * points.train[0], points.train[1], seed) for seed, points in enumerate(sets)
            ]
            pairs = list(zip(fits, sets, strict=True))
            accuracy = [np.mean(fit.predict(unit * points.fresh[0]) == points.fresh[1]) for fit, points in pairs]
            loss = [fit.cross_entropy(unit * points.train[0], points.train[1]) for fit, points in pairs]
            found = {
                "code": name,
                "unit": unit,
                "protocol": protocol,
                "values": [float(value) for value in accuracy],
                "value": float(np.mean(accuracy)),
                "train_loss": float(np.mean(loss)),
                "solver_iterations": [fit.iterations for fit in fits],
            }
            yield line("higgins_solvers", found, describe_device(torch.device("cpu")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, help="tables of codes on a full grid")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    tables = {path.stem: code_table(read_table(path)) for path in options.files} | {"rotated": rotated_factors()}
    for name, table in tables.items():
        for result in results(name, [point_set(table, seed) for seed in range(options.seeds)]):
            write(result, options.out)


if __name__ == "__main__":
    main()
