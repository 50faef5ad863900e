"""How long does an iteration take once a model has learned, with subnormal numbers kept and taken as zero?

From each checkpoint two trainings continue, one of each kind, and one of the same setting begins anew. They take turns;
times are CPU milliseconds of this process. `weights_equal` is whether both kinds end with the same weights, to the last
bit. Writes a JSON line per checkpoint, precision and kind.

    python benchmarks/late_training.py studies/vae-family-dsprites/trials/*-seed10-*/checkpoint.pt --threads 1
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import torch
from lines import line, write

from disentangle_eval import checkpoint as checkpoints
from disentangle_eval.checkpoint import Checkpoint
from disentangle_eval.config import build
from disentangle_eval.opening.datasets import open_dataset
from disentangle_eval.opening.models import build_model
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.runtime.devices import describe_device
from disentangle_eval.runtime.host_memory import keep_freed_memory
from disentangle_eval.runtime.subnormals import Subnormals
from disentangle_eval.training.precision import Precision
from disentangle_eval.training.training import Training

CPU = torch.device("cpu")
KINDS: tuple[Subnormals, ...] = ("kept", "zero")


WARM_UP = 2


def beginning(checkpoint: Checkpoint, precision: Precision, subnormals: Subnormals) -> Training:
    """A training of the checkpoint's setting that has not begun."""
    registry = load_registry()
    spec = registry.find_model(checkpoint.model["name"])
    cfg = build(registry.resolve(spec, "config"), checkpoint.config)
    data = open_dataset(checkpoint.data["dataset"], None)
    model = build_model(registry.resolve(spec), cfg, data.shape, checkpoint.seed)
    return Training(model, data, cfg, checkpoint.seed, CPU, precision=precision, subnormals=subnormals)


def continued(checkpoint: Checkpoint, precision: Precision, subnormals: Subnormals) -> Training:
    """The training of a checkpoint, from there on."""
    training = beginning(checkpoint, precision, subnormals)
    training.restore(checkpoint.weights, checkpoint.train, checkpoint.iteration)
    return training


def same_weights(first: Training, second: Training) -> bool:
    return all(map(torch.equal, first.model.state_dict().values(), second.model.state_dict().values()))


def milliseconds(training: Training, iterations: int) -> float:
    start = time.process_time()
    training.advance(iterations)
    return 1e3 * (time.process_time() - start) / iterations


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", nargs="+", type=Path)
    parser.add_argument("--precision", nargs="+", default=["float32", "bf16"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--iterations", type=int, default=3, help="iterations per repeat")
    parser.add_argument("--out", type=Path, help="file the lines are added to; standard output when left out")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    keep_freed_memory()
    for path in options.checkpoints:
        checkpoint = checkpoints.load(path)
        for precision in options.precision:
            late = {(checkpoint.iteration, kind): continued(checkpoint, precision, kind) for kind in KINDS}
            trainings = {(0, "kept"): beginning(checkpoint, precision, "kept"), **late}
            for training in trainings.values():
                training.advance(WARM_UP)
            times: dict[tuple[int, str], list[float]] = {key: [] for key in trainings}
            for _ in range(options.repeats):
                for key, training in trainings.items():
                    times[key].append(milliseconds(training, options.iterations))
            equal = {
                "weights_equal": same_weights(*late.values()),
                "weights_compared_after": WARM_UP + options.repeats * options.iterations,
            }
            for (after, kind), found in times.items():
                low, middle, high = statistics.quantiles(found, n=4)
                fields = {
                    "model": checkpoint.model["name"],
                    "dataset": checkpoint.data["dataset"],
                    "precision": precision,
                    "after_iterations": after,
                    "subnormals": kind,
                    "threads": options.threads,
                    "cpu_milliseconds": {"median": middle, "lower_quartile": low, "upper_quartile": high},
                    "repeats": options.repeats,
                    **(equal if after else {}),
                }
                write(line("late_training", fields, describe_device(CPU)), options.out)


if __name__ == "__main__":
    main()
