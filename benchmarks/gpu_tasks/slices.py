"""A slice of time, the tasks that fit into it, and the lines they leave."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from disentangle_eval.errors import describe
from disentangle_eval.training.folder import append_line, read_lines, sync

Line = dict[str, Any]


class Unfinished(Exception):  # noqa: N818
    """A task was cut at the end of the slice and goes on in the next."""


@dataclass
class Slice:
    """Seconds from now on."""

    seconds: float
    start: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> float:
        return self.start + self.seconds - time.monotonic()


@dataclass(frozen=True)
class Task:
    """Something to find out; `seconds` is about how long it takes, or what it needs to be worth starting."""

    name: str
    seconds: float
    run: Callable[[], Iterable[Line]]


@dataclass(frozen=True)
class Ledger:
    """Lines of the tasks done, in several files that are kept alike; `common` is in every line."""

    paths: tuple[Path, ...]
    earlier: tuple[Path, ...]
    common: Line

    def done(self, retry: bool) -> set[str]:
        """Names of the tasks that need not run again; with `retry` those that ended in an error do."""
        lines = [line for path in (*self.paths, *self.earlier) for line in read_lines(path)]
        return {line["task"] for line in lines if not (retry and "error" in line)}

    def add(self, lines: Iterable[Line]) -> None:
        for line in lines:
            for path in self.paths:
                append_line(path, {**self.common, **line})
                sync(path)


def play(tasks: Iterable[Task], ledger: Ledger, slice_: Slice, retry: bool) -> list[str]:
    """Run what is not done and fits, in order; returns the names of what is left for the next slice."""
    done = ledger.done(retry)
    left = []
    for task in tasks:
        if task.name in done:
            continue
        if task.seconds > slice_.left:
            left.append(task.name)
            continue
        try:
            lines = list(_lines(task))
        except Unfinished as reason:
            left.append(task.name)
            print(f"{task.name}: {reason}", flush=True)
            continue
        ledger.add(lines)
        for line in lines:
            print(_summary(line), flush=True)
    return left


def _lines(task: Task) -> Iterator[Line]:
    """The task's lines with its name; what it raises becomes one."""
    start = time.monotonic()
    found: list[Line] = []
    try:
        found.extend(task.run())
    except Unfinished:
        raise
    except Exception as error:  # whatever breaks one task leaves the others be
        found.append({"passed": False, "error": describe(error)[:2000]})
    seconds = round(time.monotonic() - start, 1)
    yield from ({"task": task.name, **line, "task_seconds": seconds} for line in found)


def _summary(line: Line) -> str:
    """A line in short, for the terminal."""
    shown = ("variant", "passed", "error", "skipped", "bit_equal", "seed_iterations_per_second", "fallback")
    return f"{line['task']}: " + json.dumps({key: line[key] for key in shown if key in line})[:300]
