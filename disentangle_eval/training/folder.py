"""A run's folder: the names of its files, and how its logs are read and cut back."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import stat
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from disentangle_eval.errors import DevalError, UsageError, describe
from disentangle_eval.runtime import json_lines
from disentangle_eval.runtime.files import make_folder, write_atomically, writing
from disentangle_eval.runtime.locks import lock

# What every reader of run.json relies on.
RUN_KEYS: Mapping[str, type] = {"model": str, "config": dict, "settings": dict}

# Flags by which a link or a pipe is not opened, as far as the system has them.
SAFELY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


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
    def calibrated(self) -> Path:
        """The model of a checkpoint with clean batch statistics, which `deval calibrate` writes."""
        return self.root / "calibrated.pt"

    @property
    def best(self) -> Path:
        """The snapshot with the best score, of a run that follows one."""
        return self.root / "best.pt"

    @property
    def lock_file(self) -> Path:
        """An empty file, locked by the process that trains in the folder."""
        return self.root / ".lock"

    @property
    def pictures(self) -> Path:
        return self.root / "pictures"

    @property
    def snapshots(self) -> Path:
        """Kept checkpoints, without the training state."""
        return self.root / "snapshots"

    @property
    def events(self) -> Path:
        """TensorBoard event files."""
        return self.root / "tensorboard"

    def snapshot(self, iteration: int) -> Path:
        """The checkpoint kept at an iteration."""
        return self.snapshots / f"{iteration:08d}.pt"

    def picture(self, kind: str, iteration: int) -> Path:
        return self.pictures / f"{kind}-{iteration:08d}.png"

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Make the folder and keep other processes from training in it; `UsageError` where one already does.

        Unfinished files of an earlier crash are removed. Where no run was started within, the folder is afterwards as
        it was: not there, if it was made here.
        """
        made = [folder for folder in (self.root, *self.root.parents) if not folder.exists()]
        make_folder(self.root)
        with writing(self.lock_file):
            handle = _open_lock(self.lock_file, os.O_RDWR | os.O_CREAT)
        try:
            if not _locked(handle):
                raise UsageError(
                    f"--out: another process is training in {str(self.root)!r}",
                    advice="wait for it, or choose another folder",
                )
            for folder in (self.root, self.snapshots, self.pictures):
                for leftover in folder.glob(".*.partial"):
                    leftover.unlink(missing_ok=True)
            yield
        finally:
            if made and not self.run_file.exists():
                self.lock_file.unlink(missing_ok=True)
                for folder in (self.snapshots, self.pictures, *made):
                    with contextlib.suppress(OSError):  # it is not empty
                        folder.rmdir()
            os.close(handle)

    def is_locked(self) -> bool:
        """Whether a process is training in the folder."""
        try:
            handle = _open_lock(self.lock_file, os.O_RDWR)
        except OSError:
            return False
        try:
            lock(handle, shared=True)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False

    def refuse_run(self) -> None:
        """`UsageError` where the folder already holds a run."""
        if self.run_file.exists():
            raise UsageError(
                f"--out: {str(self.root)!r} already holds a run",
                advice=f"type: deval train --resume {shlex.quote(str(self.root))}, or choose another --out",
            )

    def create(self) -> None:
        """Make the folder; refuses one that already holds a run."""
        self.refuse_run()
        for folder in (self.root, self.pictures, self.snapshots):
            make_folder(folder)

    def write_run(self, run: Mapping[str, Any]) -> None:
        """Write run.json, which makes the folder a run."""
        text = json.dumps(run, indent=2) + "\n"
        write_atomically(self.run_file, lambda file: file.write(text.encode()))

    def read_run(self) -> dict[str, Any]:
        """What run.json holds; `UsageError` where there is none, `DevalError` where it is not that of a run."""
        if not self.run_file.is_file():
            raise UsageError(
                f"--resume: no run in {str(self.root)!r} (no run.json)",
                advice="`deval runs` lists the runs of a folder, `deval train MODEL` starts one",
            )
        try:
            run = json.loads(self.run_file.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise self.damaged(f"not JSON ({describe(error)[:200]})") from None
        except OSError as error:
            raise self.damaged(f"it cannot be read ({error.strerror or error})") from None
        if not isinstance(run, dict):
            raise self.damaged("not a JSON object")
        wrong = [key for key, kind in RUN_KEYS.items() if not isinstance(run.get(key), kind)]
        if wrong:
            raise self.damaged(f"{wrong[0]!r} is missing or not what it should be")
        return run

    def damaged(self, how: str) -> DevalError:
        """The error for a run.json that is not that of a run; `how` says in what."""
        return DevalError(
            f"{str(self.run_file)!r}: damaged, {how}", advice="start a new run in another --out, or restore the file"
        )


def _open_lock(path: Path, how: int) -> int:
    """A file handle of a lock file; `OSError` where the path is a link, a pipe or anything else but a plain file."""
    handle = os.open(path, how | SAFELY, 0o666)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(f"{path.name} is not a plain file; remove it")
    return handle


def _locked(handle: int) -> bool:
    """Whether this process now holds the lock alone; `is_locked` of another process may hold it for a moment."""
    for _ in range(5):
        try:
            lock(handle)
        except BlockingIOError:
            time.sleep(0.02)
        else:
            return True
    return False


def append_line(path: Path, line: Mapping[str, Any]) -> None:
    """Add one JSON object to a file of lines, whole or not at all."""
    json_lines.append_line(path, json.dumps(line))


def sync(path: Path) -> None:
    """Flush what was added to a file to the disk."""
    with writing(path), path.open("ab") as file:
        os.fsync(file.fileno())


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The JSON objects of a file of lines; damaged lines are left out, which a `DevalWarning` says."""
    return json_lines.read_lines(path).records


def cut_back(path: Path, iteration: int) -> None:
    """Drop the lines written after `iteration`, which the resumed run will write again.

    So is a last line that a crash cut short. Other damaged lines are moved to a file of the same name with `.damaged`,
    and a `DevalWarning` names them; every line that is whole stays as it is.
    """
    contents = json_lines.contents_of(path)
    if not contents:
        return
    if not contents.endswith(b"\n") and not _is_json(contents.rpartition(b"\n")[2]):
        contents = contents[: contents.rfind(b"\n") + 1]
        write_atomically(path, lambda file: file.write(contents))
    json_lines.set_damaged_aside(path, lambda record: type(record.get("iteration")) is int)
    kept = [
        text for text in path.read_bytes().split(b"\n") if text.strip() and json.loads(text)["iteration"] <= iteration
    ]
    write_atomically(path, lambda file: file.writelines(text + b"\n" for text in kept))


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
