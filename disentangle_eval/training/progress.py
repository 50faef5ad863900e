"""How a training shows its progress: a bar on a terminal and in a notebook, plain lines elsewhere."""

from __future__ import annotations

import importlib.util
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from disentangle_eval.errors import one_line
from disentangle_eval.training.pace import Pace, duration

# What a run prints before its first log line, and how long before that it watches.
WATCHED_SECONDS = 10.0
LONG = 3600.0  # seconds of training left that are reported
SAMPLE = 25  # iterations whose median length is taken
SLOWDOWN = 5.0  # times the first length that are reported


@dataclass(frozen=True)
class Progress:
    """Watchers that show the iteration a run starts from, each iteration, and each log line with its speed.

    `doing` shows what is done within, whose time does not count for the pace; `say` shows a line that stays.
    """

    on_start: Callable[[int], None]
    on_iteration: Callable[[int], None]
    on_log: Callable[[Mapping[str, Any], float], None]
    doing: Callable[[str], AbstractContextManager[None]]
    say: Callable[[str], None]


def show_progress(name: str, iterations: int, alone: bool) -> AbstractContextManager[Progress]:
    """Progress of a run of `iterations` on standard error; lines, not a bar, where several runs share it."""
    return _bar(name, iterations) if alone and shows_bars() else _lines(name, iterations)


@contextmanager
def no_progress() -> Iterator[Progress]:
    """Progress that is not shown."""
    yield Progress(
        on_start=lambda iteration: None,
        on_iteration=lambda iteration: None,
        on_log=lambda line, speed: None,
        doing=lambda what: nullcontext(),
        say=lambda text: None,
    )


def remarks(total: int, shorter: str, say: Callable[[str], None]) -> Callable[[int], None]:
    """A watcher of iterations that, after some seconds, reports once that a run takes long, and how to shorten it."""
    pace = Pace()
    started = time.monotonic()
    said = False

    def on_iteration(iteration: int) -> None:
        nonlocal said
        if said:
            return
        pace.add(iteration)
        if time.monotonic() - started > WATCHED_SECONDS and pace.per_second:
            said = True
            left = pace.seconds_left(total)
            if left and left > LONG:
                how = "Ctrl-C saves, deval train --resume continues"
                say(f"about {duration(left)} to iteration {total:,}; {how}; {shorter}")

    return on_iteration


def slowdown(threads: int, say: Callable[[str], None]) -> Callable[[int], None]:
    """A watcher of iterations that reports once that they take five times as long as the first ones.

    Lengths are medians over `SAMPLE` iterations, so that a checkpoint or a picture in between makes no difference.
    """
    clock = time.monotonic()
    lengths: list[float] = []
    first: float | None = None
    said = False

    def on_iteration(iteration: int) -> None:
        nonlocal clock, first, said
        now = time.monotonic()
        lengths.append(now - clock)
        clock = now
        if said or len(lengths) < SAMPLE:
            return
        length = statistics.median(lengths)
        lengths.clear()
        if first is None:
            first = length
        elif length > SLOWDOWN * first:
            said = True
            advice = "; --threads 1 is often faster if other work is on the cores" if threads > 1 else ""
            say(f"iterations take {length / first:.0f} times as long as the first ones, {1e3 * length:.0f} ms{advice}")

    return on_iteration


def shows_bars() -> bool:
    """Whether output can be updated in place: on a terminal, and in a notebook that has ipywidgets."""
    return sys.stderr.isatty() or (in_notebook() and importlib.util.find_spec("ipywidgets") is not None)


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return type(shell).__name__ == "ZMQInteractiveShell"


def numbers_of(line: Mapping[str, Any]) -> str:
    """`name value` for every term of a log line that is a single number."""
    shown = {name: value for name, value in line.items() if name != "iteration" and isinstance(value, float)}
    return "  ".join(f"{one_line(name)} {value:.4g}" for name, value in shown.items())


@contextmanager
def _bar(name: str, iterations: int) -> Iterator[Progress]:
    from rich.console import Console
    from rich.live import Live
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar
    from rich.table import Table
    from rich.text import Text

    bar = Bar(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}"),
    )
    task = bar.add_task(one_line(name), total=iterations, speed="")
    pace, started = Pace(), time.monotonic()

    def table(line: Mapping[str, Any]) -> Table:
        grid = Table.grid()
        grid.add_row(bar)
        grid.add_row(Text(numbers_of(line)))
        return grid

    with Live(table({}), console=Console(stderr=True), refresh_per_second=4) as live:

        def on_start(iteration: int) -> None:
            pace.add(iteration)
            bar.update(task, completed=iteration)

        def on_iteration(iteration: int) -> None:
            if pace.add(iteration) or iteration == iterations:
                bar.update(task, completed=iteration, speed=_speed(pace, iterations))

        def on_log(line: Mapping[str, Any], speed: float) -> None:
            live.update(table(line))

        @contextmanager
        def doing(what: str) -> Iterator[None]:
            bar.update(task, speed=what)
            live.refresh()
            with pace.pause():
                yield
            bar.update(task, speed=_speed(pace, iterations))

        def say(text: str) -> None:
            live.console.print(f"{one_line(name)}: {text}", markup=False, highlight=False)

        yield Progress(on_start, on_iteration, on_log, doing, say)
        bar.update(task, speed=f"in {duration(time.monotonic() - started)}")


@contextmanager
def _lines(name: str, iterations: int) -> Iterator[Progress]:
    name = one_line(name)
    pace = Pace()
    due: list[float] = []  # when to say how fast it goes, unless a log line comes first

    def write(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def on_start(iteration: int) -> None:
        write(f"{name}: from iteration {iteration:,} to {iterations:,}")
        due.append(time.monotonic() + WATCHED_SECONDS)

    def on_iteration(iteration: int) -> None:
        if pace.add(iteration) and pace.per_second and due and time.monotonic() > due[0]:
            due.clear()
            write(f"{name} {iteration}/{iterations}  {_speed(pace, iterations)}")

    def on_log(line: Mapping[str, Any], speed: float) -> None:
        due.clear()
        left = duration((iterations - line["iteration"]) / speed)
        write(f"{name} {line['iteration']}/{iterations}  {speed:.1f} iterations/s  {left} left  {numbers_of(line)}")

    @contextmanager
    def doing(what: str) -> Iterator[None]:
        write(f"{name}: {what}")
        with pace.pause():
            yield

    yield Progress(on_start, on_iteration, on_log, doing, lambda text: write(f"{name}: {text}"))


def _speed(pace: Pace, iterations: int) -> str:
    """Iterations per second and the time left; empty before either is known."""
    left = pace.seconds_left(iterations)
    return "" if left is None else f"{pace.per_second:.1f} iterations/s  {duration(left)} left"
