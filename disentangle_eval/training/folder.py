"""A run's folder: the names of its files, and how its logs are read and cut back."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import stat
import time
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
    def run_file(self) -> Path:
        """Model, settings, data, hardware and versions of the run, JSON."""
        return self.root / "run.json"

    @property
    def log(self) -> Path:
        """Losses and terms, one JSON object per window; without times, so that equal runs have equal logs."""
        return self.root / "log.jsonl"

    @property
    def speed(self) -> Path:
        """Iterations per second, one JSON object per window."""
        return self.root / "speed.jsonl"

    @property
    def results(self) -> Path:
        """Scores, one JSON object per line."""
        return self.root / "results.jsonl"

    @property
    def checkpoint(self) -> Path:
        """The newest checkpoint, from which the run resumes."""
        return self.root / "checkpoint.pt"

    @property
    def lock_file(self) -> Path:
        """An empty file, locked by the process that trains in the folder."""
        return self.root / ".lock"

    @property
    def pictures(self) -> Path:
        return self.root / "pictures"

    @property
    def events(self) -> Path:
        """TensorBoard event files."""
        return self.root / "tensorboard"

    def snapshot(self, iteration: int) -> Path:
        """A kept checkpoint, without the training state."""
        return self.root / "snapshots" / f"{iteration:08d}.pt"

    def picture(self, kind: str, iteration: int) -> Path:
        return self.pictures / f"{kind}-{iteration:08d}.png"

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes from training in this folder; `UsageError` where one already does."""
        make_folder(self.root)
        with writing(self.lock_file):
            handle = _open_lock(self.lock_file, os.O_RDWR | os.O_CREAT)
        try:
            if not _locked(handle):
                raise UsageError(
                    f"--out: another process is training in {str(self.root)!r}",
                    advice="wait for it, or choose another folder",
                )
            for leftover in self.root.glob(".checkpoint.pt.*.partial"):
                leftover.unlink()
            yield
        finally:
            os.close(handle)

    def is_locked(self) -> bool:
        """Whether a process is training in the folder."""
        try:
            handle = _open_lock(self.lock_file, os.O_RDWR)
        except OSError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False

    def create(self) -> None:
        """Make the folder; refuses one that already holds a run."""
        if self.run_file.exists():
            raise UsageError(
                f"--out: {str(self.root)!r} already holds a run",
                advice="add --resume to continue it, or choose another folder",
            )
        for folder in (self.root, self.pictures, self.root / "snapshots"):
            make_folder(folder)

    def write_run(self, run: Mapping[str, Any]) -> None:
        """Write run.json, which makes the folder a run."""
        text = json.dumps(run, indent=2) + "\n"
        write_atomically(self.run_file, lambda file: file.write(text.encode()))

    def read_run(self) -> dict[str, Any]:
        if not self.run_file.is_file():
            raise UsageError(
                f"--resume: no run in {str(self.root)!r} (no run.json)", advice="leave out --resume to start one"
            )
        try:
            run = json.loads(self.run_file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise DevalError(
                f"{str(self.run_file)!r}: damaged, not JSON ({error}); start a new run in another --out"
            ) from None
        if not isinstance(run, dict) or "config" not in run:
            raise DevalError(f"{str(self.run_file)!r}: not the record of a run; start a new run in another --out")
        return run


def _open_lock(path: Path, how: int) -> int:
    """A file handle of a lock file; `OSError` where the path is a link, a pipe or anything else but a plain file."""
    handle = os.open(path, how | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(f"{path.name} is not a plain file; remove it")
    return handle


def _locked(handle: int) -> bool:
    """Whether this process now holds the lock alone; `is_locked` of another process may hold it for a moment."""
    for _ in range(5):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.02)
        else:
            return True
    return False


def append_line(path: Path, line: Mapping[str, Any]) -> None:
    """Add one JSON object to a file of lines."""
    with writing(path), path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def sync(path: Path) -> None:
    """Flush what was added to a file to the disk."""
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
