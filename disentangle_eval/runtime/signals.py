"""What happens on an interrupt, a termination and the end of the process that started this one."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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


def end_with_parent(parent: int) -> None:
    """Send this process a SIGTERM, on which it saves itself, when the process that started it, `parent`, is gone."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_POLL_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
