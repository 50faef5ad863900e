"""How far above 1 / factors does noise score on grids of few images, and is that the reported chance level?

JSON lines, one per grid and metric: the mean over codes of eight dimensions of noise of the score under `dlib` and of
its chance level, both minus 1 / factors, with the standard error of the first.

    OMP_NUM_THREADS=1 python benchmarks/chance_of_few_images.py --out evidence/benchmarks/chance_of_few_images.jsonl
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from lines import line, write

from disentangle_eval.api import Metric
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.metrics.factors.config import FactorVAEConfig, HigginsConfig
from disentangle_eval.metrics.factors.factorvae import FactorVAEMetric
from disentangle_eval.metrics.factors.higgins import HigginsMetric
from disentangle_eval.metrics.subject import CodeTable
from disentangle_eval.runtime.devices import describe_device

METRICS: dict[str, Metric] = {
    "factorvae": FactorVAEMetric(FactorVAEConfig(**FactorVAEConfig.protocols["dlib"])),
    "higgins": HigginsMetric(HigginsConfig(**HigginsConfig.protocols["dlib"])),
}
GRIDS = ((2, 3, 4), (3, 4, 5), (4, 5, 12), (10, 10, 10), (10, 20, 25), (4, 24, 183), (10, 10, 10, 10, 10))
CODES = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="file the lines are added to; standard output when left out")
    options = parser.parse_args()
    for sizes in GRIDS:
        space = FactorSpace(tuple(f"factor-{place}" for place in range(len(sizes))), sizes)
        codes = [np.random.default_rng(seed).normal(size=(len(space), 8)) for seed in range(CODES)]
        for name, metric in METRICS.items():
            scores = [metric.score(CodeTable(code, space), seed) for seed, code in enumerate(codes)]
            excess = np.array([score.values["value"] for score in scores], dtype=float) - 1 / len(sizes)
            found = {
                "metric": name,
                "sizes": sizes,
                "images": len(space),
                "smallest_class": len(space) // max(sizes),
                "codes": CODES,
                "noise_excess": round(float(excess.mean()), 4),
                "noise_error": round(float(excess.std(ddof=1) / CODES**0.5), 4),
                "chance_excess": round(float(np.mean([score.chance for score in scores])) - 1 / len(sizes), 4),
            }
            write(line("chance_of_few_images", found, describe_device(torch.device("cpu"))), options.out)


if __name__ == "__main__":
    main()
