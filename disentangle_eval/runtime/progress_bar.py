"""Progress with the time left: bars on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from disentangle_eval.errors import one_line
from disentangle_eval.runtime.progress import in_words, listening

if TYPE_CHECKING:
    from rich.progress import Progress


FIRST_LINE = 2.0  # seconds that a stage takes before it has a line
LINE_EVERY = 30.0  # seconds between its lines


@contextmanager
def shown_progress(asked: bool = True) -> Iterator[None]:
    """Within, computations show their progress on standard error: bars on a terminal, else lines; nothing unless
    `asked`.
    """
    if not asked:
        yield
        return
    shown: Bars | Lines = Bars() if sys.stderr.isatty() else Lines()
    with listening(shown):
        try:
            yield
        finally:
            shown.close()


class Bars:
    """A bar per stage under way; the display is there only while one is, so that other output stays whole."""

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._stages = 0

    def begin(self, what: str, total: int) -> int:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        if self._progress is None:
            columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
            left = (TimeRemainingColumn(), TextColumn("left"))
            console = Console(stderr=True)
            self._progress = Progress(
                *columns, *left, console=console, transient=True, redirect_stdout=False, redirect_stderr=False
            )
            self._progress.start()
        self._stages += 1
        return self._progress.add_task(one_line(what), total=total)

    def advance(self, stage: int, done: int) -> None:
        from rich.progress import TaskID

        if self._progress is not None:
            self._progress.update(TaskID(stage), completed=done)

    def end(self, stage: int) -> None:
        from rich.progress import TaskID

        if self._progress is not None:
            self._progress.remove_task(TaskID(stage))
            self._stages -= 1
            if not self._stages:
                self.close()

    def say(self, text: str) -> None:
        if self._progress is None:
            print(one_line(text), file=sys.stderr)
        else:
            self._progress.console.print(one_line(text), markup=False, highlight=False)

    def close(self) -> None:
        """Take the display away."""
        if self._progress is not None:
            self._progress.stop()
            self._progress, self._stages = None, 0


@dataclass
class Stage:
    """A stage under way: its name and items, when it began, with how many done, and when its next line is due."""

    what: str
    total: int
    begun: float
    due: float
    first: int = 0


class Lines:
    """A line per stage that takes more than a moment, and another every half minute."""

    def __init__(self) -> None:
        self._stages: list[Stage] = []

    def begin(self, what: str, total: int) -> int:
        now = time.monotonic()
        self._stages.append(Stage(what, total, now, now + FIRST_LINE))
        return len(self._stages) - 1

    def advance(self, stage: int, done: int) -> None:
        shown, now = self._stages[stage], time.monotonic()
        shown.first = shown.first or done
        if now < shown.due or done == shown.first:
            return
        shown.due = now + LINE_EVERY
        left = (now - shown.begun) / (done - shown.first) * (shown.total - done)
        self.say(f"{shown.what}: {done:,} of {shown.total:,} ({done / shown.total:.0%}), {in_words(left)} left")

    def end(self, stage: int) -> None:
        """Nothing: the next line is that of another stage."""

    def say(self, text: str) -> None:
        print(one_line(text), file=sys.stderr, flush=True)

    def close(self) -> None:
        """Nothing is left to take away."""
