"""What a fault costs: kills, full disks, damaged files, lying servers and hostile plugins, with a count per scenario.

    python benchmarks/faults.py --out faults.jsonl
    python benchmarks/faults.py --short

Every scenario follows from `--seed`. A fault is a resumed run that differs from the unbroken one by a byte, a file that
is read with other contents than were saved where checksums promise otherwise, an error that is not one line, or a
process that crashes or does not end. The exit code is 1 where there was one. A scenario that is in the file `--out`
already is not tried again.
"""

from __future__ import annotations

import argparse
import importlib
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fault_scenarios import commands, files, plugins, runs, seeds, servers
from fault_scenarios.processes import FAULT, Outcome
from lines import line, read, write

import disentangle_eval as de
from disentangle_eval.runtime.devices import describe_device

IMPORTED = (
    "disentangle_eval.running.trained",
    "disentangle_eval.report.run_pictures",
    "disentangle_eval.report.curves",
    "disentangle_eval.report.traversal",
    "disentangle_eval.training.planning",
    "disentangle_eval.training.events",
    "disentangle_eval.training.run",
    "disentangle_eval.metrics.factors.mig",
    "disentangle_eval.metrics.factors.sap",
    "matplotlib.backends.backend_agg",
    "matplotlib.pyplot",
    "sklearn.svm",
    "tensorboard.summary.writer.record_writer",
)
Try = Callable[[], Counter[Outcome]]


def scenarios(given: argparse.Namespace, folder: Path) -> Iterator[tuple[str, int, Try]]:
    """Name, count and what tries it; those with threads last, since the others fork."""
    data = folder / "images.npz"
    np.savez(data, images=np.random.default_rng(0).integers(256, size=(8, 16, 16), dtype=np.uint8))

    def drawn(name: str) -> random.Random:
        return random.Random(f"{given.seed} {name}")

    for name, count, kill in (
        ("kills at chosen moments", given.kills, runs.chosen_kills),
        ("kills at random moments", given.kills, runs.random_kills),
    ):
        yield name, count, partial(kill, folder / name, data, count, drawn(name))
    yield "full disks", given.disks, lambda: runs.full_disks(folder / "disks", data, given.disks)
    for name, command in (("kills in --seeds", commands.seeds_command), ("kills in a study", commands.study_command)):
        yield (
            name,
            given.commands,
            partial(commands.killed_commands, folder / name, data, command, given.commands, drawn(name)),
        )
    yield "seeds of every model", given.models, lambda: seeds.every_model(folder / "models", given.models)
    yield "hostile plugins", given.plugins, lambda: plugins.hostile(folder / "plugins", given.plugins)
    if given.mutations:
        formats = files.make_files(folder, data)
        for name, (path, read, promised) in formats.items():
            count = given.mutations // len(formats)
            yield (
                f"mutated {name}",
                count,
                partial(files.read_mutated, name, path, read, promised, count, given.seed),
            )
    yield "servers that lie", given.servers, lambda: servers.lying_servers(folder, given.servers, drawn("servers"))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kills", type=int, default=50, help="at chosen moments, and as many at random ones")
    parser.add_argument("--disks", type=int, default=1000, help="at most so many files and sizes")
    parser.add_argument("--commands", type=int, default=10, help="kills in --seeds, and as many in a study")
    parser.add_argument("--plugins", type=int, default=1000, help="at most so many hostile plugins")
    parser.add_argument("--models", type=int, default=1000, help="at most so many models, by two seeds")
    parser.add_argument("--mutations", type=int, default=10_000)
    parser.add_argument("--servers", type=int, default=1000, help="files fetched from servers that lie")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--short", action="store_true", help="a few of each, for CI")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args(arguments)
    if given.short:
        given.kills, given.disks, given.commands, given.plugins = 1, 1, 0, 2
        given.models = 0  # tests/training/test_every_model.py
        given.mutations, given.servers = 210, 100
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    torch.set_num_threads(1)
    # Imported once, not in every child.
    for module in IMPORTED:
        importlib.import_module(module)
    de.list_models()
    lines = read(given.out) if given.out and given.out.exists() else []
    done = {(tried["scenario"], tried["seed"]) for tried in lines}
    with tempfile.TemporaryDirectory() as scratch:
        for name, count, attempt in scenarios(given, Path(scratch)):
            if count and (name, given.seed) not in done:
                lines.append(line("faults", _counts(name, given.seed, attempt()), describe_device(torch.device("cpu"))))
                write(lines[-1], given.out)
    return int(any(tried["faults"] for tried in lines))


def _counts(name: str, seed: int, found: Counter[Outcome]) -> dict[str, Any]:
    """How often a scenario was tried, and what came of it."""
    faults = sum(count for outcome, count in found.items() if outcome.startswith(FAULT))
    outcomes = dict(sorted(found.items()))
    return {"scenario": name, "seed": seed, "tried": found.total(), "faults": faults, "outcomes": outcomes}


if __name__ == "__main__":
    sys.exit(main())
