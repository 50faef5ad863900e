"""Errors a user can cause: what was received, what was expected and what to type next, as data and as one line."""

from __future__ import annotations

import difflib
import sys
import warnings
from collections.abc import Iterable
from typing import Any, ClassVar

# How PyTorch begins an error inside a TorchScript program.
INTERPRETED = "The following operation failed in the TorchScript interpreter"


class DevalError(Exception):
    """A failure of the work itself: a damaged file, a full disk, a loss that became NaN.

    `what` names the thing that is wrong, or says in a sentence what happened. `received` and `expected` are text;
    `advice` is what to do or type next. `str(error)` joins them: "what: received ..., expected ...; advice". The
    command line prints that line and exits with `exit_code`, 1.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, received: Any = None, expected: str = "", advice: str = "") -> None:
        self.what = what
        self.received = "" if received is None else str(received)
        self.expected = expected
        self.advice = advice
        super().__init__(what)

    def __str__(self) -> str:
        found = f"received {self.received}" if self.received else ""
        wanted = f"expected {self.expected}" if self.expected else ""
        comparison = ", ".join(part for part in (found, wanted) if part)
        problem = ": ".join(part for part in (self.what, comparison) if part)
        return "; ".join(part for part in (problem, self.advice) if part)

    def inside(self, where: str) -> DevalError:
        """The same error, of the same kind, about something in a file or folder named `where`."""
        what = ": ".join(part for part in (where, self.what) if part)
        return type(self)(what, received=self.received or None, expected=self.expected, advice=self.advice)

    def advising(self, advice: str) -> DevalError:
        """The same error, of the same kind, with other advice, or with none."""
        return type(self)(self.what, received=self.received or None, expected=self.expected, advice=advice)


class UsageError(DevalError):
    """A mistake in what was typed: an unknown name, a value out of range, options that exclude each other.

    The command line prints the message on one line and exits with code 2.
    """

    exit_code = 2


class PluginError(DevalError):
    """A fault in a plugin's code rather than in what a user did; training reports it as `deval check` does."""


class DevalWarning(UserWarning):
    """What a user should know although the work goes on; the command line prints it on one line."""


class PluginWarning(DevalWarning):
    """Some plugins, or some of what they offer, could not be loaded."""


def warn(message: str, category: type[DevalWarning] = DevalWarning) -> None:
    """Warn at the line that called this package, however deep within it the cause is."""
    frame, place = sys._getframe(), sys._getframe()
    while frame.f_back is not None:
        if _is_own(frame.f_globals.get("__name__", "")):
            place = frame.f_back
        frame = frame.f_back
    module, registry = place.f_globals.get("__name__"), place.f_globals.setdefault("__warningregistry__", {})
    warnings.warn_explicit(message, category, place.f_code.co_filename, place.f_lineno, module, registry)


def _is_own(module: str) -> bool:
    return module.partition(".")[0] == __name__.partition(".")[0]


def one_line(text: str) -> str:
    """Text folded to one printable line: blanks joined, control characters (terminal codes among them) escaped."""
    folded = " ".join(text.split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in folded)


def shortened(text: str, most: int = 200) -> str:
    """As `one_line`, of at most so many characters: for names in pictures, which grow with them."""
    line = one_line(text)
    return line if len(line) <= most else f"{line[: most - 4]} ..."


def is_out_of_memory(error: BaseException) -> bool:
    """Whether Python, NumPy or torch had no memory left: torch on a CPU says so in the text of a RuntimeError alone."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def is_broken_pipe(error: BaseException) -> bool:
    """Whether the reader of this process's output went away, which the display of progress turns into a SystemExit."""
    return isinstance(error.__context__ if isinstance(error, SystemExit) else error, BrokenPipeError)


def did_you_mean(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """The advice "did you mean ...?" with the known name nearest to one that is not known; empty where none is near.

    `cutoff` is how alike two names have to be, from 0 to 1, as of `difflib.get_close_matches`.
    """
    near = nearest(name, known, cutoff)
    return f"did you mean {near!r}?" if near else ""


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """The known name nearest to one that is not known; empty where none is near."""
    return next(iter(difflib.get_close_matches(name.lower(), list(known), n=1, cutoff=cutoff)), "")


def describe(error: BaseException) -> str:
    """An exception on one line: its type, then its message. Never raises, whatever the exception does when printed."""
    name = type(error).__name__
    try:
        message = str(error)
        if INTERPRETED in message:
            # The last line is the error; the lines before it are the code of a TorchScript program.
            message = message.strip().rpartition("\n")[2].removeprefix(f"{name}: ")
        message = one_line(message)
    except Exception:
        return f"{name} (its message cannot be printed)"
    return f"{name}: {message}" if message else name
