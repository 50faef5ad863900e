"""Is training right on this GPU, how fast is it, and what do published trainings score?

A list of tasks in the order of their worth, played in slices: what a slice did not reach is done by the next call with
the same `--out` and `--work`. A task's lines are added to OUT/gpu_suite.jsonl when it is done, and to a copy in WORK;
a task that has lines in either, or in a file named by `--done`, is not run again. Trainings stop at the end of a slice
and go on in the next. OUT stays small: lines, two archives, pictures; WORK holds the runs and must outlast the slices.

    python benchmarks/gpu_suite.py --out results --work runs/gpu_suite --seconds 520

`--only correctness throughput/ibgan` picks tasks by how their names begin; `--list` shows them. With `--device cpu`
recordings are played by their stand-in, and with `--tiny` everything is so small that it says nothing but that it runs.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from gpu_tasks import ceilings, correctness, reproduction, stacked, throughput
from gpu_tasks.cases import Bench
from gpu_tasks.slices import Ledger, Slice, Task, play
from lines import line

from disentangle_eval.runtime.devices import choose_device, describe_device, use_exact_kernels


def tasks(bench: Bench, slice_: Slice) -> Iterator[Task]:
    """All of them, in the order of their worth."""
    yield from itertools.chain(
        ceilings.tasks(bench),
        correctness.tasks(bench),
        throughput.first(bench),
        throughput.rest(bench),
        stacked.tasks(bench),
        correctness.last(bench),
        reproduction.tasks(bench, slice_),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    options = parser().parse_args(arguments)
    if options.threads:
        torch.set_num_threads(options.threads)
    device = choose_device(options.device)
    use_exact_kernels(device)
    bench = Bench(device, options.work.resolve(), options.tiny)
    slice_ = Slice(options.seconds)
    chosen = [task for task in tasks(bench, slice_) if not options.only or task.name.startswith(tuple(options.only))]
    if options.list:
        print("\n".join(task.name for task in chosen))
        return
    for folder in (options.out, bench.work):
        folder.mkdir(parents=True, exist_ok=True)
    common = line("gpu_suite", {}, describe_device(device))
    files = tuple(folder / "gpu_suite.jsonl" for folder in (options.out, bench.work))
    try:
        left = play(chosen, Ledger(files, tuple(options.done), common), slice_, options.retry)
    finally:
        reproduction.pack(bench, options.out)
    print(f"{len(left)} tasks left for the next slice: {' '.join(left)}" if left else "all done")


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--out", type=Path, required=True, help="folder for the lines and what else is kept")
    made.add_argument("--work", type=Path, default=Path("runs/gpu_suite"), help="folder for the runs")
    made.add_argument("--seconds", type=float, default=520.0, help="length of the slice")
    made.add_argument("--device", default="cuda")
    made.add_argument("--only", nargs="*", default=[], metavar="NAME", help="tasks whose names begin so")
    made.add_argument("--done", nargs="*", default=[], type=Path, metavar="FILE", help="lines of earlier slices")
    made.add_argument("--retry", action="store_true", help="run again what ended in an error")
    made.add_argument("--tiny", action="store_true", help="few iterations of small networks: only to see that all runs")
    made.add_argument("--threads", type=int, help="CPU threads")
    made.add_argument("--list", action="store_true", help="name the tasks and run none")
    return made


if __name__ == "__main__":
    main()
