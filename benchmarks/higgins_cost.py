"""What do the points of the Higgins score and its classifier cost, once all images are encoded?

Prints the processor seconds of both for each protocol, on a table of 737,280 x 10 codes.

    OMP_NUM_THREADS=1 python benchmarks/higgins_cost.py
"""

from __future__ import annotations

import time

import numpy as np

from disentangle_eval.data.sets.dsprites.geometry import FACTORS
from disentangle_eval.metrics.factors.config import HigginsConfig
from disentangle_eval.metrics.factors.higgins import HigginsMetric, draw_points
from disentangle_eval.metrics.subject import CodeTable
from disentangle_eval.metrics.toolbox.labelled_votes import stream_of


def main() -> None:
    factors = FACTORS.classes(np.arange(len(FACTORS))) / FACTORS.sizes
    mixed = factors @ np.random.default_rng(0).normal(size=(5, 5))
    table = CodeTable(np.hstack([factors, mixed]).astype(np.float32), FACTORS)

    for protocol, values in HigginsConfig.protocols.items():
        cfg = HigginsConfig(**values)
        stream = stream_of(table, cfg.stream, seed=0)
        start = time.process_time()
        points, labels = draw_points(table, stream, cfg.train_points, cfg.pairs_per_point)
        draw_points(table, stream, cfg.eval_points, cfg.pairs_per_point)
        drawn = time.process_time()
        HigginsMetric(cfg).classifier(points, labels, seed=0)
        print(protocol, f"{drawn - start:.1f} {time.process_time() - drawn:.1f}")


if __name__ == "__main__":
    main()
