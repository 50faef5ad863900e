"""Progress as bars with the time left, on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from disentangle_eval.errors import one_line
from disentangle_eval.runtime.progress import listening

if TYPE_CHECKING:
    from rich.progress import Progress


@contextmanager
def shown_progress(asked: bool = True) -> Iterator[None]:
    """Within, computations show bars on standard error if that is a terminal; if not `asked`, nothing changes."""
    if not (asked and sys.stderr.isatty()):
        yield
        return
    bars = Bars()
    with listening(bars):
        try:
            yield
        finally:
            bars.close()


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
        if self._progress is not None:
            self._progress.console.print(one_line(text), markup=False, highlight=False)

    def close(self) -> None:
        """Take the display away."""
        if self._progress is not None:
            self._progress.stop()
            self._progress, self._stages = None, 0
