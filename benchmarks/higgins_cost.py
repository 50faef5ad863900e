"""What do the points of the Higgins score and its classifier cost, once all images are encoded?

JSON lines with the processor seconds of both for each protocol, on a table of 737,280 x 10 codes.

    OMP_NUM_THREADS=1 python benchmarks/higgins_cost.py --out evidence/benchmarks/higgins_cost.jsonl
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import numpy as np
import torch
from lines import line, write

from disentangle_eval.data.sets.dsprites.geometry import FACTORS
from disentangle_eval.metrics.factors.config import HigginsConfig
from disentangle_eval.metrics.factors.higgins import HigginsMetric, draw_points
from disentangle_eval.metrics.subject import CodeTable
from disentangle_eval.metrics.toolbox.labelled_votes import stream_of
from disentangle_eval.runtime.devices import describe_device


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="file the lines are added to; standard output when left out")
    options = parser.parse_args()
    factors = FACTORS.classes(np.arange(len(FACTORS))) / FACTORS.sizes
    mixed = factors @ np.random.default_rng(0).normal(size=(5, 5))
    table = CodeTable(np.hstack([factors, mixed]).astype(np.float32), FACTORS)

    for protocol, values in HigginsConfig.protocols.items():
        cfg = HigginsConfig(**values)
        stream = stream_of(table, cfg.stream, seed=0)
        start = time.process_time()
        (points,), labels = draw_points([table], stream, cfg.train_points, cfg.pairs_per_point)
        draw_points([table], stream, cfg.eval_points, cfg.pairs_per_point)
        drawn = time.process_time()
        HigginsMetric(cfg).classifier(points, labels, seed=0)
        found = {
            "seed": 0,
            "protocol": protocol,
            "points_cpu_seconds": round(drawn - start, 2),
            "classifier_cpu_seconds": round(time.process_time() - drawn, 2),
            "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }
        write(line("higgins_cost", found, describe_device(torch.device("cpu"))), options.out)


if __name__ == "__main__":
    main()
