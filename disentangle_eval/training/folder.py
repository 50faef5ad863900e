"""A run's folder: what lies where, and how its logs are read and cut back."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.runtime.files import make_folder, write_atomically, writing


@dataclass(frozen=True)
class RunFolder:
    """`root` holds one run."""

    root: Path

    @property
    def run(self) -> Path:
        """The resolved configuration of the run, JSON."""
        return self.root / "run.json"

    @property
    def log(self) -> Path:
        """Losses and terms, one JSON object a window; holds no clock, so that equal runs have equal logs."""
        return self.root / "log.jsonl"

    @property
    def speed(self) -> Path:
        """Iterations a second, one JSON object a window."""
        return self.root / "speed.jsonl"

    @property
    def results(self) -> Path:
        """Scores, one JSON object a line."""
        return self.root / "results.jsonl"

    @property
    def checkpoint(self) -> Path:
        """The newest checkpoint, from which the run resumes."""
        return self.root / "checkpoint.pt"

    @property
    def pictures(self) -> Path:
        return self.root / "pictures"

    @property
    def events(self) -> Path:
        """TensorBoard event files."""
        return self.root / "tensorboard"

    def snapshot(self, iteration: int) -> Path:
        """A kept checkpoint, without what resuming needs."""
        return self.root / "snapshots" / f"{iteration:08d}.pt"

    def picture(self, kind: str, iteration: int) -> Path:
        return self.pictures / f"{kind}-{iteration:08d}.png"

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes from training in this folder; `UsageError` where one already does."""
        make_folder(self.root)
        path = self.root / ".lock"
        with writing(path):
            file = path.open("w")
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UsageError(
                    f"--out: another process is training in {str(self.root)!r}; wait for it, or choose another folder"
                ) from None
            for leftover in self.root.glob(".checkpoint.pt.*.partial"):
                leftover.unlink()
            yield

    def is_locked(self) -> bool:
        """Whether a process trains in this folder now."""
        try:
            file = (self.root / ".lock").open("rb")
        except OSError:
            return False
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def create(self) -> None:
        """Make the folder; refuses one that already holds a run."""
        if self.run.exists():
            raise UsageError(
                f"--out: {str(self.root)!r} already holds a run; add --resume to continue it, or choose another folder"
            )
        for folder in (self.root, self.pictures, self.root / "snapshots"):
            make_folder(folder)

    def write_run(self, run: Mapping[str, Any]) -> None:
        """Write run.json, which makes the folder a run."""
        text = json.dumps(run, indent=2) + "\n"
        write_atomically(self.run, lambda file: file.write(text.encode()))

    def read_run(self) -> dict[str, Any]:
        if not self.run.is_file():
            raise UsageError(f"--resume: no run in {str(self.root)!r} (no run.json); leave out --resume to start one")
        try:
            run = json.loads(self.run.read_text(encoding="utf-8"))
        except ValueError as error:
            raise DevalError(
                f"{str(self.run)!r}: damaged, not JSON ({error}); start a new run in another --out"
            ) from None
        if not isinstance(run, dict) or "config" not in run:
            raise DevalError(f"{str(self.run)!r}: not the record of a run; start a new run in another --out")
        return run


def append_line(path: Path, line: Mapping[str, Any]) -> None:
    """Add one JSON object to a file of lines."""
    with writing(path), path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def sync(path: Path) -> None:
    """See that what was added to a file lies on the disk."""
    with writing(path), path.open("a", encoding="utf-8") as file:
        os.fsync(file.fileno())


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The JSON objects of a file of lines; a last line cut short by a crash is left out."""
    if not path.exists():
        return []
    lines = []
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(text))
        except ValueError:
            break
    return lines


def cut_back(path: Path, iteration: int) -> None:
    """Drop the lines written after `iteration`, which the resumed run will write again."""
    kept = [line for line in read_lines(path) if line["iteration"] <= iteration]
    text = "".join(json.dumps(line) + "\n" for line in kept)
    write_atomically(path, lambda file: file.write(text.encode()))
