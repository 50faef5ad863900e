"""Runs that stop on a signal and are saved."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from disentangle_eval.runtime.signals import on_signal

if TYPE_CHECKING:
    from disentangle_eval.training.run import Run


class Stopping:
    """Stops runs on the first signal, those that begin after it at once; a second one acts at once."""

    def __init__(self) -> None:
        self.runs: Sequence[Run] = ()
        self.received: int | None = None

    def begin(self, runs: Sequence[Run]) -> None:
        """Stop these runs from now on."""
        self.runs = runs
        if self.received is not None:
            self._stop(self.received)

    def receive(self, number: int) -> None:
        """Act on a signal."""
        if self.received is not None:
            raise KeyboardInterrupt
        self.received = number
        # Not by print, which the signal may have interrupted; standard error may be gone.
        with suppress(OSError, ValueError, AttributeError):
            os.write(sys.stderr.fileno(), b"\nsaving, after what is under way; once more ends at once without saving\n")
        self._stop(number)

    def _stop(self, number: int) -> None:
        for run in self.runs:
            run.stop(number)


@contextmanager
def stopping_on_signal() -> Iterator[Stopping]:
    """Within, signals that end a process stop the runs that begin."""
    stopping = Stopping()
    with on_signal(stopping.receive):
        yield stopping
