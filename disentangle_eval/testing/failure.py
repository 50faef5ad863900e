"""How a check reports what is wrong with a plugin, and where."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from disentangle_eval.errors import PluginError
from disentangle_eval.registry.lines import line_of, located


class ConformanceFailure(AssertionError):  # noqa: N818
    """A broken promise of the plugin interface: the check's name, what was received and expected, and how to fix it."""

    def __init__(self, check: str, received: str, expected: str, change: str) -> None:
        super().__init__(f"{check}: received {received}; expected {expected}; to fix: {change}")
        self.check = check
        self.received = received
        self.expected = expected
        self.change = change

    def at(self, place: str) -> ConformanceFailure:
        """The same failure with a place such as ` at model.py:12`, unless it names one."""
        received = self.received if ".py:" in self.received else self.received + place
        return ConformanceFailure(self.check, received, self.expected, self.change)


class NotChecked(Exception):  # noqa: N818
    """A check that does not apply (the model does not offer this) or that rests on one that failed."""


@contextmanager
def explained(check: str, change: str, stated: Callable[..., object] | None = None) -> Iterator[None]:
    """Turns an exception of the plugin into a `ConformanceFailure` that names its line and says what to change.

    A `PluginError` says itself what to change; where none of the plugin's lines raised it, `stated` is the function
    that stated what is wrong.
    """
    try:
        yield
    except NotChecked:
        raise
    except ConformanceFailure as failure:
        raise failure.at(place_of(stated) if stated else "") from failure.__cause__
    except PluginError as error:
        place = line_of(error) or (place_of(stated) if stated else "")
        received = ": ".join(filter(None, [error.what, error.received]))
        raise ConformanceFailure(
            check, received + place, error.expected or "no exception", error.advice or change
        ) from error
    except (Exception, SystemExit) as error:
        unexpected = ConformanceFailure(check, located(error), "no exception", change)
        raise unexpected.at(place_of(stated) if stated else "") from error


def place_of(function: Callable[..., object]) -> str:
    """Where a function is written, ` at model.py:12`; empty for one that is not written in Python."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return f" at {Path(code.co_filename).name}:{code.co_firstlineno}" if code else ""
