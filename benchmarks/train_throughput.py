"""How many training iterations per second does each model reach?

Models are interleaved, so that a machine whose speed drifts is fair to all: each repeat times a slice of iterations of
every model in turn. Writes one JSON line per model: the median and the quartiles over repeats.

    python benchmarks/train_throughput.py ibgan --threads 2 --out evidence/benchmarks/train_throughput.jsonl
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import torch
from lines import line, write

from disentangle_eval.config import resolve
from disentangle_eval.errors import DevalError
from disentangle_eval.opening.datasets import open_dataset
from disentangle_eval.opening.models import build_model
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.runtime.devices import choose_device, describe_device
from disentangle_eval.runtime.host_memory import keep_freed_memory
from disentangle_eval.training.training import Training

SEED = 0


class Trainer:
    """A model in training, timed a slice of iterations at a time."""

    def __init__(self, name: str, dataset: str, device: torch.device) -> None:
        registry = load_registry()
        record = registry.find_model(name)
        data = open_dataset(dataset, None).to(device)
        cfg = resolve(registry.resolve(record, "config"), dataset, None, {})
        self.training = Training(build_model(registry.resolve(record), cfg, data.shape, SEED), data, cfg, SEED, device)

    def seconds(self, iterations: int) -> float:
        """Wall time of some iterations, the device's queue emptied before and after."""
        synchronise(self.training.device)
        start = time.perf_counter()
        self.training.advance(iterations)
        synchronise(self.training.device)
        return time.perf_counter() - start


def synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", help="models to time; all that are installed when left out")
    parser.add_argument("--dataset", default="dsprites")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--iterations", type=int, default=10, help="iterations per repeat")
    parser.add_argument("--out", type=Path, help="file the lines are added to; standard output when left out")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    keep_freed_memory()
    device = choose_device(options.device)
    names = options.models or sorted(load_registry().models)
    trainers = {name: Trainer(name, options.dataset, device) for name in names}
    for trainer in trainers.values():
        trainer.seconds(3)
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(options.repeats):
        for name, trainer in trainers.items():
            times[name].append(trainer.seconds(options.iterations) / options.iterations)
    for name in names:
        low, middle, high = statistics.quantiles(times[name], n=4)
        found = {
            "seed": SEED,
            "model": name,
            "dataset": options.dataset,
            "batch": trainers[name].training.cfg.batch_size,
            "iterations_per_second": round(1 / middle, 3),
            "milliseconds": {"median": 1e3 * middle, "lower_quartile": 1e3 * low, "upper_quartile": 1e3 * high},
            "repeats": options.repeats,
            "iterations_a_repeat": options.iterations,
        }
        write(line("train_throughput", found, describe_device(device)), options.out)


if __name__ == "__main__":
    try:
        main()
    except DevalError as error:
        raise SystemExit(str(error)) from None
