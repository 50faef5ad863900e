"""How a training shows itself: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Progress:
    """Told where the run starts, then each window's line and speed."""

    started: Callable[[int], None]
    log: Callable[[Mapping[str, Any], float], None]


def scalars(line: Mapping[str, Any]) -> str:
    """`name value` for every scalar of a log line."""
    shown = {name: value for name, value in line.items() if name != "iteration" and isinstance(value, float)}
    return "  ".join(f"{name} {value:.4g}" for name, value in shown.items())


@contextmanager
def progress(name: str, iterations: int, alone: bool) -> Iterator[Progress]:
    """Progress of a run of `iterations`, on standard error; runs that are not `alone` are shown as lines."""
    shown = _bar(name, iterations) if alone and sys.stderr.isatty() else _lines(name, iterations)
    with shown as told:
        yield told


@contextmanager
def _bar(name: str, iterations: int) -> Iterator[Progress]:
    from rich.console import Console
    from rich.live import Live
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar
    from rich.table import Table

    bar = Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]} iterations/s"),
        TimeRemainingColumn(),
    )
    task = bar.add_task(name, total=iterations, speed="-")

    def table(line: Mapping[str, Any]) -> Table:
        grid = Table.grid()
        grid.add_row(bar)
        grid.add_row(scalars(line))
        return grid

    with Live(table({}), console=Console(stderr=True), refresh_per_second=4) as live:

        def started(iteration: int) -> None:
            bar.update(task, completed=iteration)

        def log(line: Mapping[str, Any], speed: float) -> None:
            bar.update(task, completed=line["iteration"], speed=f"{speed:.1f}")
            live.update(table(line))

        yield Progress(started, log)


@contextmanager
def _lines(name: str, iterations: int) -> Iterator[Progress]:
    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def started(iteration: int) -> None:
        say(f"{name}: from iteration {iteration} to {iterations}")

    def log(line: Mapping[str, Any], speed: float) -> None:
        done = f"{name} {line['iteration']}/{iterations}"
        left = _duration((iterations - line["iteration"]) / speed)
        say(f"{done}  {speed:.1f} iterations/s  {left} left  {scalars(line)}")

    yield Progress(started, log)


def _duration(seconds: float) -> str:
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}"
