"""How the time of a study grows: N short trials, so many at a time, and what each trial costs besides its training.

python benchmarks/study_scaling.py [--trials 4 16 64] [--workers 1 2] [--iterations 50] [--out lines.jsonl]

Each trial trains a small beta-VAE on a few images that are made here, in a process of its own, as `deval study run`
does. A line holds the seconds of the whole study, those of its training by speed.jsonl, and `overhead_per_trial`: the
seconds of a worker per trial in which nothing was trained, such as starting Python, importing torch, opening the data
and writing files. `cpu_per_trial` are the CPU seconds of a trial's process, all in all, which other work on the machine
changes least; `driver_cpu` those of the process that runs the study. `others` is how many cores other work kept busy.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from lines import Line, line, write

from disentangle_eval.runtime.devices import describe_device
from disentangle_eval.runtime.json_lines import read_lines
from disentangle_eval.runtime.threads import Load
from disentangle_eval.study.design import Study
from disentangle_eval.study.processes import Processes
from disentangle_eval.study.reading import study_of
from disentangle_eval.study.running import StudyFolder, run_study

LOG_EVERY = 10
MODEL = {"model": "beta-vae", "networks": "mlp", "batch_size": 16}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure every combination of the numbers of trials and workers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, nargs="+", default=[4, 16, 64])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--iterations", type=int, default=50)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        images = small_images(Path(folder) / "small.npz")
        for trials, workers in itertools.product(given.trials, given.workers):
            study = short_study(images, trials, given.iterations)
            write(measured(study, Path(folder) / f"{trials}-{workers}", workers), given.out)


def small_images(path: Path) -> Path:
    """An npz file of 256 random binary images of 32 x 32."""
    np.savez(path, images=np.random.default_rng(0).integers(2, size=(256, 32, 32), dtype=np.uint8) * 255)
    return path


def short_study(images: Path, trials: int, iterations: int) -> Study:
    """Trials that differ in their seed alone."""
    return study_of(
        {
            "name": f"scaling-{trials}",
            "dataset": f"npz:{images}",
            "seeds": f"0-{trials - 1}",
            "iterations": iterations,
            "log_every": LOG_EVERY,
            "models": [MODEL],
        }
    )


def measured(study: Study, root: Path, workers: int) -> Line:
    """The time of a study with so many workers of one thread each; fails where a trial does."""
    folder = StudyFolder(root)
    load, own, of_trials = Load(), cpu_seconds(resource.RUSAGE_SELF), cpu_seconds(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    ended = run_study(study, folder, Processes(at_a_time=workers), threads=1, device="cpu")
    seconds = time.perf_counter() - start
    trials = len(study.trials)
    assert ended == {"done": trials}, ended
    training = sum(training_seconds(folder.trials / trial.folder) for trial in study.trials)
    found = {
        "trials": trials,
        "workers": workers,
        "iterations": study.trials[0].config["iterations"],
        "seconds": round(seconds, 2),
        "training_seconds": round(training, 2),
        "overhead_per_trial": round((seconds * min(workers, trials) - training) / trials, 2),
        "cpu_per_trial": round((cpu_seconds(resource.RUSAGE_CHILDREN) - of_trials) / trials, 2),
        "driver_cpu": round(cpu_seconds(resource.RUSAGE_SELF) - own, 2),
        "others": round(load.of_others(), 2),
    }
    return line("study scaling", found, describe_device(torch.device("cpu")))


def cpu_seconds(whose: int) -> float:
    """CPU seconds of this process, or of its children that have ended."""
    used = resource.getrusage(whose)
    return used.ru_utime + used.ru_stime


def training_seconds(folder: Path) -> float:
    """Seconds in which a run trained, by the speed of its windows."""
    lines = read_lines(folder / "speed.jsonl").records
    counts = np.diff([0, *(entry["iteration"] for entry in lines)])
    return float(sum(count / entry["iterations_per_second"] for count, entry in zip(counts, lines, strict=True)))


if __name__ == "__main__":
    main()
