"""Does a long training keep its memory, open files, time per iteration and log size per iteration?

Trains a tiny VAE on a few small images by the command line, in a folder that is thrown away, and looks at the process
from outside. Slopes are least-squares fits over what was seen after the first tenth of the iterations. Writes one JSON
line.

    python benchmarks/endurance.py --iterations 50000 --out evidence/benchmarks/endurance.jsonl
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lines import line, write

from disentangle_eval.runtime.devices import describe_device

LOG_EVERY = 100
SECONDS_BETWEEN = 0.5
PAGE = os.sysconf("SC_PAGE_SIZE")
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Seen:
    """A process at the newest line of its log: CPU seconds, resident bytes, open files and bytes of the log so far."""

    iteration: int
    cpu: float
    memory: int
    files: int
    log: int


def command(folder: Path, iterations: int) -> list[str]:
    data = folder / "images.npz"
    np.savez(data, images=np.random.default_rng(0).integers(256, size=(64, 16, 16), dtype=np.uint8))
    settings = {
        "iterations": iterations,
        "log-every": LOG_EVERY,
        "checkpoint-every": 2500,
        "snapshot-every": 5000,
        "batch-size": 2,
        "hidden": 8,
        "latent-dim": 2,
        "threads": 1,
        "device": "cpu",
        "out": folder / "run",
    }
    options = [f"--{name}={value}" for name, value in settings.items()]
    return [sys.executable, "-m", "disentangle_eval", "train", "vae", "--dataset", f"npz:{data}", *options]


def watched(process: subprocess.Popen[bytes], log: Path) -> Iterator[Seen]:
    """What is seen of a training at each new line of its log, until it ends."""
    newest = -1
    while process.poll() is None:
        time.sleep(SECONDS_BETWEEN)
        try:
            seen = look(process.pid, log)
        except (OSError, ValueError, IndexError):  # not begun, just ended, or half a line
            continue
        if seen.iteration > newest:
            newest = seen.iteration
            yield seen


def look(pid: int, log: Path) -> Seen:
    with log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 4096))
        iteration = json.loads(file.read().splitlines()[-1])["iteration"]
    process = Path(f"/proc/{pid}")
    times = (process / "stat").read_text().rpartition(")")[2].split()
    pages = int((process / "statm").read_text().split()[1])
    return Seen(
        iteration, (int(times[11]) + int(times[12])) / TICK, pages * PAGE, len(list((process / "fd").iterdir())), size
    )


def slopes(seen: list[Seen], iterations: int) -> dict[str, Any]:
    """Per quantity its first and last value and its slope per 1,000 iterations; of time the halves' milliseconds."""
    table = np.array([astuple(one) for one in seen if one.iteration >= iterations / 10], dtype=float)
    at, cpu, memory, files, log = table.T
    middle = len(at) // 2
    halves = [1000 * np.polyfit(at[half], cpu[half], 1)[0] for half in (slice(middle), slice(middle, None))]

    def fit(values: np.ndarray) -> float:
        return float(1000 * np.polyfit(at, values, 1)[0])

    return {
        "seen": len(at),
        "memory_mib": {"first": memory[0] / 2**20, "last": memory[-1] / 2**20, "slope": fit(memory) / 2**20},
        "open_files": {"first": int(files[0]), "last": int(files[-1]), "slope": fit(files)},
        "cpu_milliseconds_per_iteration": {"first_half": float(halves[0]), "second_half": float(halves[1])},
        "log_bytes_per_line": {
            "first_half": float(LOG_EVERY * np.polyfit(at[:middle], log[:middle], 1)[0]),
            "second_half": float(LOG_EVERY * np.polyfit(at[middle:], log[middle:], 1)[0]),
        },
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--iterations", type=int, default=50_000)
    parser.add_argument("--out", type=Path, help="file the line is added to; standard output when left out")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with (folder / "errors").open("wb") as errors:
            process = subprocess.Popen(command(folder, options.iterations), stdout=subprocess.DEVNULL, stderr=errors)
            seen = list(watched(process, folder / "run" / "log.jsonl"))
        if process.returncode:
            sys.stderr.write((folder / "errors").read_text())
            return process.returncode
    found = {"model": "vae", "seed": 0, "iterations": options.iterations, **slopes(seen, options.iterations)}
    write(line("endurance", found, describe_device(torch.device("cpu"))), options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
