"""Does the root in the Fréchet distance matter next to the features, and what do KID and PRDC cost on top?

One JSON line per task, CPU seconds on one thread; features are 2,048 random numbers per image, near a subspace as
real ones are. The network is torch-fidelity's Inception-v3, its weights random, which changes nothing about its cost.

    python benchmarks/sample_quality.py --out evidence/benchmarks/sample_quality.jsonl
    python benchmarks/sample_quality.py "scipy's sqrtm"
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lines import line, write

from disentangle_eval.metrics.images.fidelity_import import fidelity
from disentangle_eval.metrics.images.frechet import Gaussian, distance_between_gaussians, distance_between_samples, fit
from disentangle_eval.metrics.images.kid import subset_distances
from disentangle_eval.metrics.images.neighbours import balls
from disentangle_eval.runtime.devices import describe_device

CPU = torch.device("cpu")
DIMS = 2048
INTRINSIC = 64


def features(n: int, seed: int) -> np.ndarray:
    """(n, 2048) float32, non-negative, most of their variance in 64 directions."""
    random = np.random.default_rng(seed)
    directions = np.random.default_rng(0).normal(size=(INTRINSIC, DIMS)) * 0.05
    noise = 0.3 * random.normal(size=(n, DIMS))
    return np.maximum(0, 0.2 + random.normal(size=(n, INTRINSIC)) @ directions + noise).astype(np.float32)


def inception() -> Callable[[torch.Tensor], Any]:
    module = fidelity("feature_extractor_inceptionv3")
    module.load_state_dict_from_url = lambda *_, **__: None
    network = module.FeatureExtractorInceptionV3
    network.load_state_dict = lambda *_: None
    return network("inception-v3-compat", ["2048"]).to(memory_format=torch.channels_last)  # type: ignore[no-any-return]


def torch_fidelity_root(one: Gaussian, other: Gaussian) -> float:
    statistics = [{"mu": each.mean.numpy(), "sigma": each.covariance.numpy()} for each in (one, other)]
    module = fidelity("metric_fid")
    return float(module.fid_statistics_to_metric(*statistics, verbose=False)[module.KEY_METRIC_FID])


def scipy_root(one: Gaussian, other: Gaussian) -> float:
    from scipy.linalg import sqrtm

    trace = np.trace(sqrtm((one.covariance @ other.covariance).numpy())).real
    difference = (one.mean - other.mean).square().sum()
    return float(difference + one.covariance.trace() + other.covariance.trace() - 2 * trace)


def tasks() -> dict[str, Callable[[], float]]:
    """What is measured, by name; each returns what it found."""
    network = inception()
    images = torch.randint(256, (64, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        network(images[:8])  # the first call also lays out the weights
    real, generated = features(4_000, 1), features(4_000, 2)
    few = features(2_000, 3), features(2_000, 4)
    one, other = fit(real, CPU), fit(generated, CPU)

    def encode() -> float:
        with torch.no_grad():
            return float(network(images)[0].mean())

    return {
        "inception, 64 images": encode,
        "covariance of 4,000": lambda: float(fit(real, CPU).covariance.trace()),
        "root by Cholesky": lambda: distance_between_gaussians(one, other).value,
        "root by singular values, 2,000 images": lambda: distance_between_samples(*few, CPU).value,
        "torch-fidelity's root": lambda: torch_fidelity_root(one, other),
        "one subset of KID": lambda: float(subset_distances(real, generated, 1, 1000, 0)[0]),
        "balls around 4,000 and 4,000": lambda: float(balls(real, generated, 5, CPU).real_reached.float().mean()),
        "scipy's sqrtm": lambda: scipy_root(one, other),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="tasks to run  [default: all but scipy's]")
    parser.add_argument("--out", type=Path, help="file to add the lines to")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for name, task in tasks().items():
        if name not in (arguments.names or [name]) or (not arguments.names and name.startswith("scipy")):
            continue
        start = time.process_time()
        found = task()
        fields = {"task": name, "cpu_seconds": round(time.process_time() - start, 3), "found": found}
        write(line("sample_quality", fields, describe_device(CPU)), arguments.out)


if __name__ == "__main__":
    main()
