"""The moments at which a process writes a file: listed, or one of them made the last."""

from __future__ import annotations

import os
import re
import resource
import signal
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Step = Literal["opened", "flushed", "renamed", "removed"]

_NUMBERS = re.compile(r"-?\d{8}")
_TEMPORARY = re.compile(r"\.(.+)\.[^.]+\.partial")
_WRITING = os.O_WRONLY | os.O_RDWR


@dataclass(frozen=True)
class Moment:
    """The `number`-th time, from 0, that a file of this name is opened for writing, flushed, renamed or removed."""

    file: str
    step: Step
    number: int


def watch(folder: Path, act: Callable[[Moment, Path], None]) -> None:
    """From now on call `act` before this process opens, flushes, renames or removes a file below a folder.

    It gets the moment and the path. Numbers in names, such as those of snapshots, are left out of `file`, so that all
    snapshots are one.
    """
    seen: Counter[tuple[str, Step]] = Counter()
    root = str(folder)
    fsync = os.fsync

    def moment(path: Any, step: Step) -> None:
        text = os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else ""
        if not text.startswith(root) or Path(text).is_dir():
            return
        name = file_of(Path(text))
        number = seen[name, step]
        seen[name, step] += 1
        act(Moment(name, step, number), Path(text))

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING:
            moment(arguments[0], "opened")
        elif event == "os.rename":
            moment(arguments[0], "renamed")
        elif event == "os.remove":
            moment(arguments[0], "removed")

    def flushed(handle: Any) -> None:
        number = handle if isinstance(handle, int) else handle.fileno()
        moment(Path(f"/proc/self/fd/{number}").readlink(), "flushed")
        fsync(handle)

    os.fsync = flushed
    sys.addaudithook(hook)


def file_of(path: Path) -> str:
    """What a file is called, without the numbers and endings that differ from one to the next."""
    temporary = _TEMPORARY.fullmatch(path.name)
    name = temporary[1] if temporary else path.name
    if path.parent.name == "tensorboard":
        return "tensorboard"
    return f"{path.parent.name}/{_NUMBERS.sub('N', name)}" if path.parent.name in ("snapshots", "pictures") else name


def listed(into: Path) -> Callable[[Moment, Path], None]:
    """For `watch`: write every moment to a file, one per line."""
    handle = os.open(into, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    return lambda moment, path: os.write(handle, f"{moment.file}\t{moment.step}\t{moment.number}\n".encode()) and None


def read_listed(path: Path) -> list[Moment]:
    """The moments that `listed` wrote."""
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    return [Moment(file, step, int(number)) for file, step, number in lines]  # type: ignore[arg-type]


def killed_at(last: Moment) -> Callable[[Moment, Path], None]:
    """For `watch`: be killed at this moment."""

    def act(moment: Moment, path: Path) -> None:
        if moment == last:
            os.kill(os.getpid(), signal.SIGKILL)

    return act


def killed_within(last: Moment, size: int) -> Callable[[Moment, Path], None]:
    """For `watch`: be killed when the file opened at this moment grows by more than so many bytes."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    return _limiting(lambda moment: moment == last, size)


def full_for(file: str, size: int) -> Callable[[Moment, Path], None]:
    """For `watch`: files of this name grow by no more than so many bytes, as on a disk that is full."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    return _limiting(lambda moment: moment.file == file, size)


def _limiting(concerns: Callable[[Moment], bool], size: int) -> Callable[[Moment, Path], None]:
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]

    def act(moment: Moment, path: Path) -> None:
        if moment.step != "opened":
            return
        there = path.stat().st_size if path.exists() else 0
        resource.setrlimit(resource.RLIMIT_FSIZE, (there + size if concerns(moment) else hard, hard))

    return act


def limited_to(size: int) -> None:
    """From now on no file can grow beyond so many bytes, as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
