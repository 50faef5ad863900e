"""How fast something goes: counts over the last seconds, by a clock of its own."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SPAN = 20.0  # seconds over which the pace is taken
LEAST_GAP = 0.1  # seconds between two counts that are kept


class Pace:
    """Iterations per second over the last `SPAN` seconds; known from the second iteration on."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts: deque[tuple[float, int]] = deque()

    def add(self, iteration: int) -> bool:
        """Take notice of an iteration; false where one was kept too recently for this one to matter."""
        now = self._clock()
        if len(self._counts) > 1 and now - self._counts[-1][0] < LEAST_GAP:
            return False
        self._counts.append((now, iteration))
        while now - self._counts[0][0] > SPAN and len(self._counts) > 2:
            self._counts.popleft()
        return True

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Within, no time passes."""
        began = self._clock()
        try:
            yield
        finally:
            length = self._clock() - began
            self._counts = deque((at + length, count) for at, count in self._counts)

    @property
    def per_second(self) -> float | None:
        """Iterations per second, None before two iterations or where no time has passed."""
        if len(self._counts) < 2:
            return None
        (start, first), (end, last) = self._counts[0], self._counts[-1]
        return (last - first) / (end - start) if end > start and last > first else None

    def seconds_left(self, total: int) -> float | None:
        """Seconds up to iteration `total` at this pace."""
        return None if self.per_second is None else (total - self._counts[-1][1]) / self.per_second


def duration(seconds: float) -> str:
    """`4 s`, `3 min 20 s`, `2 h 05 min` or `3 d 4 h`."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days} d {hour} h"
    if hours:
        return f"{hours} h {minute:02} min"
    return f"{minutes} min {second:02} s" if minutes else f"{second} s"
