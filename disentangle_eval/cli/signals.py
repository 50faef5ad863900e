"""What happens on an interrupt or a termination."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def on_signal(act: Callable[[int], None]) -> Iterator[None]:
    """Within, SIGINT and SIGTERM call `act` with their number, in the main thread."""
    before = {
        number: signal.signal(number, lambda received, frame: act(received))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
