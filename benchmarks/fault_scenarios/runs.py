"""A run that is killed, or whose disk is full, at a chosen or a random moment, and is then resumed."""

from __future__ import annotations

import hashlib
import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, cycle, islice
from pathlib import Path

import disentangle_eval as de
from disentangle_eval.report import run_pictures
from disentangle_eval.training.folder import RunFolder
from fault_scenarios.moments import (
    Moment,
    full_for,
    killed_at,
    killed_within,
    limited_to,
    listed,
    read_listed,
    watch,
)
from fault_scenarios.processes import (
    CRASHED,
    FAULT,
    REFUSED,
    Outcome,
    cpu_of_a_child,
    in_a_child,
    killed_after_cpu,
)

ITERATIONS = 6
# Bytes that a file may still grow by: none, within a line, within a header, within the contents.
SIZES = (0, 1, 40, 700, 9_000)

Break = tuple[str, Callable[[Path], None], bool]  # what is broken, how in a run's folder, and whether at its very end


def train(data: Path, out: Path, *, resume: bool = False, pictures: bool = True) -> None:
    """A run of a few seconds with log lines, snapshots and checkpoints, and with pictures, which take half the time."""
    if not pictures:
        run_pictures.draw_model = run_pictures.draw_run = lambda *_: None
    de.train(
        "vae",
        f"npz:{data}",
        out=out,
        resume=resume,
        iterations=ITERATIONS,
        batch_size=2,
        log_every=2,
        checkpoint_every=2,
        snapshot_every=3,
        hidden=8,
        latent_dim=3,
        device="cpu",
    )


def state(run: Path) -> str:
    """A checksum of everything that a resumed run must have as the unbroken one has: checkpoints, snapshots and log."""
    folder = RunFolder(run)
    digest = hashlib.sha256()
    for path in (folder.checkpoint, folder.log, *sorted(folder.snapshots.glob("*"))):
        digest.update(f"{path.relative_to(run)}\0".encode() + path.read_bytes())
    left = [path.name for path in run.rglob("*") if path.name.endswith((".partial", ".damaged"))]
    return f"{digest.hexdigest()} {left}"


def chosen_kills(folder: Path, data: Path, count: int, rng: random.Random) -> Counter[Outcome]:
    """Kill a run at moments of every file that it writes in turn: before a step, or within the writing."""
    unbroken, moments = _unbroken(folder, data)
    files = list(dict.fromkeys(moment.file for moment in moments))
    breaks: list[Break] = []
    for file in islice(cycle([*files, "end"]), count):
        if file == "end":
            breaks.append((file, lambda out: None, True))
            continue
        moment = rng.choice([moment for moment in moments if moment.file == file])
        act = killed_at(moment)
        if moment.step == "opened" and rng.random() < 0.5:
            size = rng.choice(SIZES if file.endswith((".pt", ".png")) else SIZES[:3])
            breaks.append((file, partial(_watched, act=partial(killed_within, moment, size)), False))
        else:
            breaks.append((file, partial(_watched, act=lambda act=act: act), False))
    return _broken(folder, data, breaks, state(unbroken))


def random_kills(folder: Path, data: Path, count: int, rng: random.Random) -> Counter[Outcome]:
    """Kill a run after a random share of the CPU time that it takes."""
    folder.mkdir(exist_ok=True)
    code, seconds = cpu_of_a_child(lambda: train(data, folder / "timed", pictures=False))
    assert code == 0
    kills = (partial(killed_after_cpu, rng.uniform(0, seconds)) for _ in range(count))
    breaks: list[Break] = [("any moment", lambda out, kill=kill: kill(), False) for kill in kills]
    return _broken(folder, data, breaks, state(folder / "timed"))


def full_disks(folder: Path, data: Path, count: int) -> Counter[Outcome]:
    """Let each file that a run writes find the disk full after each of some sizes; then the whole disk, of any size."""
    unbroken, moments = _unbroken(folder, data)
    files = dict.fromkeys(moment.file for moment in moments if moment.step == "opened" and moment.file != ".lock")
    of_one: Iterator[Break] = (
        (file, partial(_watched, act=partial(full_for, file, size)), False) for size in SIZES for file in files
    )
    of_all: Iterator[Break] = (
        ("all files", lambda out, size=int(500 * 1.6**n): limited_to(size), False) for n in range(16)
    )
    return _broken(folder, data, list(islice(chain(of_one, of_all), count)), state(unbroken))


def _unbroken(folder: Path, data: Path) -> tuple[Path, list[Moment]]:
    """A whole run and the moments at which it wrote."""
    folder.mkdir(exist_ok=True)
    run, moments = folder / "unbroken", folder / "moments.txt"

    def watched() -> None:
        watch(run, listed(moments))
        train(data, run)

    assert in_a_child(watched) == 0
    return run, read_listed(moments)


def _watched(out: Path, act: Callable[[], Callable[[Moment, Path], None]]) -> None:
    watch(out, act())


def _broken(folder: Path, data: Path, breaks: list[Break], expected: str) -> Counter[Outcome]:
    """Break a run in each of these ways and resume it; its files must be those of the unbroken run."""
    found: Counter[Outcome] = Counter()
    for number, (what, break_it, at_end) in enumerate(breaks):
        out = folder / f"broken-{number}"

        pictures = what.startswith("pictures/") or what in ("all files", "end")
        trained = partial(train, data, out, pictures=pictures)
        code = in_a_child(partial(_train_broken, trained, out, break_it, at_end))
        if code == CRASHED:
            found[f"{FAULT}{what}: an error that is not one line"] += 1
            continue
        how = {0: "no effect", REFUSED: "refused in one line"}.get(code, "killed")
        # Before the first checkpoint there may be nothing to resume: the same command again is then what to type.
        again = in_a_child(partial(trained, resume=True))
        if again == REFUSED:
            again = in_a_child(trained)
        same = again == 0 and state(out) == expected
        found[f"{what}: {how}, resumed bit for bit" if same else f"{FAULT}{what}: {how}, then exit {again}"] += 1
    return found


def _train_broken(trained: Callable[[], None], out: Path, break_it: Callable[[Path], None], at_end: bool) -> None:
    break_it(out)
    trained()
    if at_end:
        os.kill(os.getpid(), signal.SIGKILL)
