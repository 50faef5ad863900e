"""Commands that train in several processes, of which one is killed at a random moment; the command is given again."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from fault_scenarios.processes import FAULT, Outcome
from fault_scenarios.runs import state

# Of commands that train two seeds, and which of them are settings of a run.
COMMAND_SETTINGS = {
    "iterations": 40,
    "log_every": 2,
    "checkpoint_every": 2,
    "snapshot_every": 20,
    "batch_size": 2,
    "hidden": 8,
    "latent_dim": 3,
}
OF_RUNS = ("iterations", "log_every", "checkpoint_every", "snapshot_every")


def seeds_command(data: Path, out: Path) -> list[str]:
    """A training of two seeds, each in a process; the same command starts, resumes and leaves what is done."""
    settings = {"dataset": f"npz:{data}", "seeds": "0-1", "out": f"{out}/run-{{seed}}", **COMMAND_SETTINGS}
    options = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
    return ["train", "vae", *options, "--device=cpu", *(["--resume"] if out.exists() else [])]


def study_command(data: Path, out: Path) -> list[str]:
    """A study of two seeds with a score of each."""
    text = {"name": "faults", "dataset": f"npz:{data}", "seeds": "0-1", "metrics": ["unsupervised"]}
    counts = {name: value for name, value in COMMAND_SETTINGS.items() if name in OF_RUNS}
    model = {"model": "vae", **{name: value for name, value in COMMAND_SETTINGS.items() if name not in OF_RUNS}}
    lines = [f"{name} = {json.dumps(value)}" for name, value in (text | counts).items()]
    lines += ["[[models]]", *(f"{name} = {json.dumps(value)}" for name, value in model.items())]
    file = data.with_name("study.toml")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return ["study", "run", str(file), "--workers=2", "--device=cpu", f"--out={out}"]


def killed_commands(
    folder: Path, data: Path, command: Callable[[Path, Path], list[str]], count: int, rng: random.Random
) -> Counter[Outcome]:
    """Kill one process of a command that trains in several after a random number of log lines; give it again."""
    found: Counter[Outcome] = Counter()
    folder.mkdir()
    _finish(_started(command(data, folder / "unbroken")))
    lines, expected = _lines_below(folder / "unbroken"), states_below(folder / "unbroken")
    assert len(expected) == 2
    for number in range(count):
        out = folder / str(number)
        process = _started(command(data, out))
        last = rng.randrange(lines)
        while process.poll() is None and _lines_below(out) < last:
            time.sleep(0.02)
        tree = _tree(process.pid)
        victim = rng.choice(tree)
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
        _finish(process)
        _wait_for(tree)
        code, said = _finish(_started(command(data, out)))
        who = "the command" if victim == process.pid else "one of its processes"
        same = code == 0 and states_below(out) == expected
        how = f"{who} was killed"
        if said.count("Traceback"):
            found[f"{FAULT}a traceback"] += 1
        else:
            found[f"{how}, resumed bit for bit" if same else f"{FAULT}{how}, then exit {code}"] += 1
    return found


def states_below(folder: Path) -> list[str]:
    """What each run below a folder has, in the order of their names."""
    return [state(path.parent) for path in sorted(folder.rglob("checkpoint.pt"))]


def _lines_below(folder: Path) -> int:
    """How many lines the logs of all runs below a folder have."""
    return sum(path.read_bytes().count(b"\n") for path in folder.rglob("log.jsonl"))


def _started(arguments: list[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "disentangle_eval", *arguments]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def _finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    said = process.communicate()[1]
    return process.returncode, said


def _tree(pid: int) -> list[int]:
    """A process and all that it started, directly or not, as long as they run."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
            if state not in "ZX":
                parents[int(path.parent.name)] = int(parent)
    tree = [pid]
    for one in tree:
        tree += [child for child, parent in parents.items() if parent == one]
    return tree


def _wait_for(pids: list[int]) -> None:
    """Wait until none of the processes runs: those of a killed command save themselves and end."""
    while any(_runs(pid) for pid in pids):
        time.sleep(0.1)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
