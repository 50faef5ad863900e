"""What does a command cost before it does anything, next to bare Python and to Python with Click?

Each repeat starts every task once, in turn, so that a machine whose speed drifts is fair to all. Writes one JSON line
per task: the least and the median processor seconds of a process, the ratio of the least to that of Python with Click,
and which of torch and numpy were imported. Other work on the machine only adds, so compare the least.

    python benchmarks/import_time.py --out evidence/benchmarks/import_time.jsonl
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from lines import line, write

from disentangle_eval.cli.main import COMMANDS
from disentangle_eval.runtime.devices import describe_device

PYTHON, CLICK = "python", "python with click"

MISTAKES = (
    ("train", "vea"),
    ("train", "vae", "--dataset", "dspites"),
    ("train", "--resume", "no-such-run"),
    ("score", "x.pt", "--metric", "mgi"),
    ("score", "x.pt", "--metric", "mig", "--dataset", "dspites"),
    ("encode", "x.pt", "--dataset", "dspites"),
)
LISTS = (("models",), ("datasets",), ("metrics",), ("plugins",), ("--version",), ("train", "vae", "--help"))

REPORT = """
import sys
from disentangle_eval.cli.main import main
try:
    main()
finally:
    print(*(name for name in ("torch", "numpy") if name in sys.modules), file=sys.stderr)
"""


def tasks() -> dict[str, list[str]]:
    """The arguments of Python by the name of what is timed."""
    commands = [("--help",), *((name, "--help") for name in COMMANDS), *LISTS, *MISTAKES]
    return {
        PYTHON: ["-c", "pass"],
        CLICK: ["-c", "import click"],
        **{" ".join(("deval", *command)): ["-m", "disentangle_eval", *command] for command in commands},
    }


def processor_seconds(arguments: Sequence[str]) -> float:
    """User and system seconds of one process of Python."""
    before = _of_children()
    subprocess.run([sys.executable, *arguments], capture_output=True, check=False)
    return _of_children() - before


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def imported(arguments: Sequence[str]) -> list[str]:
    """Which of torch and numpy a process has imported when it ends."""
    if arguments[0] == "-c":
        return []
    done = subprocess.run([sys.executable, "-c", REPORT, *arguments[2:]], capture_output=True, text=True, check=False)
    return done.stderr.splitlines()[-1].split()


def found(seconds: Mapping[str, Sequence[float]], name: str, arguments: Sequence[str]) -> dict[str, object]:
    least = min(seconds[name])
    return {
        "task": name,
        "seconds": round(least, 4),
        "median": round(statistics.median(seconds[name]), 4),
        "ratio_to_click": round(least / min(seconds[CLICK]), 2),
        "repeats": len(seconds[name]),
        "imported": imported(arguments),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    out = options.out.resolve() if options.out else None
    every = tasks()
    seconds: dict[str, list[float]] = {name: [] for name in every}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for _ in range(options.repeats):
            for name, arguments in every.items():
                seconds[name].append(processor_seconds(arguments))
        hardware = describe_device(torch.device("cpu"))
        for name, arguments in every.items():
            write(line("import_time", found(seconds, name, arguments), hardware), out)


if __name__ == "__main__":
    main()
