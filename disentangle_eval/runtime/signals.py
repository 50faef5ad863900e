"""What happens on an interrupt, a termination and the end of the process that started this one.

Processes that this one starts have sessions of their own: a terminal's interrupt would reach them a second time. They
receive it from `Children`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

ChildT = TypeVar("ChildT", bound="subprocess.Popen[Any]")

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PARENT_POLL_SECONDS = 1.0


@contextmanager
def on_signal(act: Callable[[int], None]) -> Iterator[None]:
    """Within, SIGINT, SIGTERM and SIGHUP call `act` with their number.

    A signal that this process ignores, as SIGHUP under `nohup`, stays ignored. Outside the main thread, which gets
    them, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {
        number: signal.signal(number, lambda received, frame: act(received))
        for number in ENDING
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass
class Children(Generic[ChildT]):
    """Processes that threads start and wait for, until a signal is passed on: then none starts any more."""

    received: int | None = None
    running: set[ChildT] = field(default_factory=set)
    # A second signal may interrupt the handler of the first.
    starting: threading.RLock = field(default_factory=threading.RLock)

    def start(self, start: Callable[[], ChildT]) -> ChildT | None:
        """The process that `start` starts; None after a signal, without a call.

        A signal comes before the start, which then does not happen, or after it, and reaches the process.
        """
        with self.starting:
            if self.received is not None:
                return None
            process = start()
            self.running.add(process)
        return process

    def wait(self, process: ChildT) -> int:
        """The exit code of a process, once it has ended."""
        code = process.wait()
        self.running.discard(process)
        return code

    def pass_on(self, number: int) -> None:
        """Send a signal to every process that runs."""
        with self.starting:
            self.received = number if self.received is None else self.received
            for process in tuple(self.running):
                process.send_signal(number)


def end_with_parent(parent: int) -> None:
    """Send this process a SIGTERM, on which it saves itself, when the process that started it, `parent`, is gone."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_POLL_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
