"""Does the cost of training grow as iterations and seeds do, and how long does a run take to start?

Trains by the command line, in folders that are thrown away: one seed for more and more iterations, and more and more
seeds, on as many processes as there are cores. The start is measured in a process that has imported everything: from
the call to the end of the first iteration, the first checkpoint, snapshot and pictures included. Lengths and seeds are
gone through in turn, so that a machine whose speed drifts is fair to all. Writes a JSON line for each, and a picture.

    python benchmarks/scaling.py beta-vae --out evidence/benchmarks/scaling.jsonl --picture docs/performance-scaling.png
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from lines import Line, line, write

from disentangle_eval.runtime.devices import describe_device

START = """
import runpy
import time
from disentangle_eval.opening import models
from disentangle_eval.running import trained
from disentangle_eval.runtime import host_memory
from disentangle_eval.report import run_pictures
from disentangle_eval.training import events, run, turns

def logged(self, plain=run.Run._log):
    print(time.perf_counter() - begin)
    return plain(self)

run.Run._log = logged
begin = time.perf_counter()
runpy.run_module("disentangle_eval", run_name="__main__")
"""


def train(model: str, iterations: int, seeds: int) -> tuple[float, float]:
    """Wall and CPU seconds of training so many seeds for so long, start and end included."""
    with tempfile.TemporaryDirectory() as folder:
        where = f"{folder}/run-{{seed}}"
        command = [sys.executable, "-m", "disentangle_eval", *arguments(model, iterations), "--out", where]
        wall, cpu = time.perf_counter(), children_cpu()
        subprocess.run([*command, "--seeds", f"0-{seeds - 1}"], check=True, capture_output=True)
        return time.perf_counter() - wall, children_cpu() - cpu


def start(model: str) -> tuple[float, float]:
    """Wall seconds from the call to the end of the first iteration, and CPU seconds of the whole run of one."""
    with tempfile.TemporaryDirectory() as folder:
        cpu = children_cpu()
        command = [sys.executable, "-c", START, *arguments(model, 1), "--out", f"{folder}/run"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return float(done.stdout.splitlines()[0]), children_cpu() - cpu


def arguments(model: str, iterations: int) -> list[str]:
    return ["train", model, "--iterations", str(iterations), "--threads", "1", "--device", "cpu"]


def children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def timed(question: str, values: dict[str, Any], times: Sequence[tuple[float, float]]) -> Line:
    walls, cpus = zip(*times, strict=True)
    found = {
        **values,
        "wall_seconds": {"median": statistics.median(walls), "all": walls},
        "cpu_seconds": {"median": statistics.median(cpus), "all": cpus},
    }
    return line(question, found, describe_device(torch.device("cpu")))


def draw(path: Path, model: str, lines: Sequence[dict[str, Any]]) -> None:
    """Time over iterations, and over seeds, each with the straight line through its first point and the origin."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for panel, axis in zip(panels, ("iterations", "seeds"), strict=True):
        points = [
            (item[axis], item["wall_seconds"]["median"]) for item in lines if item["question"] == f"{axis}_scaling"
        ]
        across, seconds = zip(*sorted(points), strict=True)
        slope = seconds[0] / across[0]
        panel.plot(across, [slope * value for value in across], "--", color="0.6", label="in proportion to the first")
        panel.plot(across, seconds, "o-", label=f"{model}, measured")
        panel.set(xlabel=axis, ylabel="seconds", xlim=(0, None), ylim=(0, None))
        panel.legend(frameon=False)
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--iterations", type=int, nargs="*", default=[100, 200, 300, 400])
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 4, 8])
    parser.add_argument("--each", type=int, default=100, help="iterations of each seed")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="file the lines are added to")
    parser.add_argument("--picture", type=Path, help="PNG file")
    options = parser.parse_args()
    lengths: dict[int, list[tuple[float, float]]] = {iterations: [] for iterations in options.iterations}
    seeds: dict[int, list[tuple[float, float]]] = {count: [] for count in options.seeds}
    starts = []
    for _ in range(options.repeats):
        starts.append(start(options.model))
        for iterations, times in lengths.items():
            times.append(train(options.model, iterations, 1))
        for count, times in seeds.items():
            times.append(train(options.model, options.each, count))
    lines = [timed("start", {"model": options.model}, starts)]
    for iterations, times in lengths.items():
        values = {"model": options.model, "iterations": iterations, "seeds": 1}
        lines.append(timed("iterations_scaling", values, times))
    for count, times in seeds.items():
        values = {"model": options.model, "iterations": options.each, "seeds": count}
        lines.append(timed("seeds_scaling", values, times))
    for item in lines:
        write(item, options.out)
    if options.picture:
        draw(options.picture, options.model, lines)


if __name__ == "__main__":
    main()
