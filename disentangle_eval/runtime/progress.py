"""How far a long computation is: counted where it happens, shown by whoever listens, silent otherwise."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol, TypeVar

LONG = 600.0  # seconds above which a remark is made
WATCHED = 0.5  # seconds over which the pace of a stage is taken, its first item left out, which is the slowest
SLOW = 5.0  # seconds after which the first item counts as well

_LOG = logging.getLogger("disentangle_eval")

T = TypeVar("T")


class Listener(Protocol):
    """What shows the progress of stages, which may be nested."""

    def begin(self, what: str, total: int) -> int:
        """A stage of so many items begins; returns its number."""

    def advance(self, stage: int, done: int) -> None:
        """So many items of a stage are done."""

    def end(self, stage: int) -> None:
        """A stage is over."""

    def say(self, text: str) -> None:
        """Show a line."""


@dataclass
class Remark:
    """What to add to the remark that something takes long, and whether that was made."""

    way: str = ""
    made: bool = False


_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)
_remark: ContextVar[Remark | None] = ContextVar("remark", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Report the progress of computations within to a listener."""
    before = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(before)


@contextmanager
def cheaper_way(text: str) -> Iterator[None]:
    """Within, what takes long is said once, together with this way to take less."""
    before = _remark.set(Remark(text))
    try:
        yield
    finally:
        _remark.reset(before)


def remark_if_long(what: str, seconds: float, at_most: bool = False) -> None:
    """Say that something will take so long, where that is more than ten minutes; within `cheaper_way` only once."""
    remark = _remark.get() or Remark()
    if not LONG < seconds < math.inf or remark.made:
        return
    remark.made = True
    line = f"{what}: {'up to ' if at_most else ''}about {in_words(seconds)}"
    line = f"{line}; {remark.way}" if remark.way else line
    if (listener := _listener.get()) is None:
        _LOG.info("%s", line)
    else:
        listener.say(line)


def in_words(seconds: float) -> str:
    """`40 seconds`, `25 minutes`, `3 hours` or `4 days`: a duration to about two digits."""
    for unit, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 1.95 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} seconds"


def counted(
    items: Iterable[T], what: str, total: int, size: Callable[[T], int] = lambda item: 1, rounds: int = 1
) -> Iterator[T]:
    """The same items, counted by `size` of a `total`, after which up to `rounds` - 1 more such stages follow.

    What will take longer than ten minutes says so after its first items.
    """
    listener, stage = _listener.get(), None
    begun = since = time.monotonic()
    done, first, watched = 0, 0, True
    try:
        for item in items:
            yield item
            done += size(item)
            if listener is not None and done < total:
                if stage is None:  # a stage of one item is over by now, and shows nothing
                    stage = listener.begin(what, total)
                listener.advance(stage, done)
            if not watched:
                continue
            now = time.monotonic()
            if not first and now - begun <= SLOW:
                since, first = now, done
            elif now - since > WATCHED:
                watched = False
                remark_if_long(what, (now - since) / (done - first) * (total * rounds - done), at_most=rounds > 1)
    finally:
        if listener is not None and stage is not None:
            listener.end(stage)
