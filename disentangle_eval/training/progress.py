"""How a training shows its progress: a bar on a terminal and in a notebook, plain lines elsewhere."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Progress:
    """Watchers that show the iteration a run starts from, then each log line with its speed."""

    on_start: Callable[[int], None]
    on_log: Callable[[Mapping[str, Any], float], None]


def show_progress(name: str, iterations: int, alone: bool) -> AbstractContextManager[Progress]:
    """Progress of a run of `iterations` on standard error; lines, not a bar, where several runs share it."""
    return _bar(name, iterations) if alone and shows_bars() else _lines(name, iterations)


@contextmanager
def no_progress() -> Iterator[Progress]:
    """Progress that is not shown."""
    yield Progress(lambda iteration: None, lambda line, speed: None)


def shows_bars() -> bool:
    """Whether output can be updated in place: on a terminal, and in a notebook that has ipywidgets."""
    return sys.stderr.isatty() or (in_notebook() and importlib.util.find_spec("ipywidgets") is not None)


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return type(shell).__name__ == "ZMQInteractiveShell"


def scalars(line: Mapping[str, Any]) -> str:
    """`name value` for every scalar of a log line."""
    shown = {name: value for name, value in line.items() if name != "iteration" and isinstance(value, float)}
    return "  ".join(f"{name} {value:.4g}" for name, value in shown.items())


@contextmanager
def _bar(name: str, iterations: int) -> Iterator[Progress]:
    from rich.console import Console
    from rich.live import Live
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar
    from rich.table import Table
    from rich.text import Text

    bar = Bar(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]} iterations/s"),
        TimeRemainingColumn(),
    )
    task = bar.add_task(name, total=iterations, speed="-")

    def table(line: Mapping[str, Any]) -> Table:
        grid = Table.grid()
        grid.add_row(bar)
        grid.add_row(Text(scalars(line)))
        return grid

    with Live(table({}), console=Console(stderr=True), refresh_per_second=4) as live:

        def on_start(iteration: int) -> None:
            bar.update(task, completed=iteration)

        def on_log(line: Mapping[str, Any], speed: float) -> None:
            bar.update(task, completed=line["iteration"], speed=f"{speed:.1f}")
            live.update(table(line))

        yield Progress(on_start, on_log)


@contextmanager
def _lines(name: str, iterations: int) -> Iterator[Progress]:
    def write(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def on_start(iteration: int) -> None:
        write(f"{name}: from iteration {iteration} to {iterations}")

    def on_log(line: Mapping[str, Any], speed: float) -> None:
        done = f"{name} {line['iteration']}/{iterations}"
        left = _duration((iterations - line["iteration"]) / speed)
        write(f"{done}  {speed:.1f} iterations/s  {left} left  {scalars(line)}")

    yield Progress(on_start, on_log)


def _duration(seconds: float) -> str:
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}"
