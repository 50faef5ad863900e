"""How far a long computation is: counted where it happens, shown by whoever listens, silent otherwise."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, TypeVar

LONG = 600.0  # seconds that deserve a word
WATCHED = 5.0  # seconds after which the rest is estimated

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


_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)
_cheaper: ContextVar[str] = ContextVar("cheaper", default="")


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
    """Within, what takes long is said together with this way to take less."""
    before = _cheaper.set(text)
    try:
        yield
    finally:
        _cheaper.reset(before)


def counted(
    items: Iterable[T], what: str, total: int, size: Callable[[T], int] = lambda item: 1, rounds: int = 1
) -> Iterator[T]:
    """The same items, counted by `size` of a `total`, after which up to `rounds` - 1 more such stages follow.

    What will take longer than ten minutes says so once, some seconds after its start.
    """
    listener, stage = _listener.get(), None
    started, done, watched = time.monotonic(), 0, True
    try:
        for item in items:
            yield item
            done += size(item)
            if listener is not None and done < total:
                if stage is None:  # a stage of one item is over by now, and shows nothing
                    stage = listener.begin(what, total)
                listener.advance(stage, done)
            if watched and (passed := time.monotonic() - started) > WATCHED:
                watched = False
                if (left := passed / done * (total * rounds - done)) > LONG:
                    _say(listener, f"{what}: {'up to' if rounds > 1 else 'about'} {left / 60:.0f} minutes")
    finally:
        if listener is not None and stage is not None:
            listener.end(stage)


def _say(listener: Listener | None, text: str) -> None:
    way = _cheaper.get()
    line = f"{text}; {way}" if way else text
    if listener is None:
        _LOG.info("%s", line)
    else:
        listener.say(line)
