"""How a check reports what is wrong with a plugin, and where."""

from __future__ import annotations

import inspect
import sysconfig
import textwrap
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pydantic
import torch

import disentangle_eval
from disentangle_eval.errors import DevalError, PluginError, describe

LIBRARIES = tuple(Path(module.__file__).parent for module in (torch, np, pydantic, disentangle_eval) if module.__file__)
STDLIB = Path(sysconfig.get_paths()["stdlib"])
LONGEST = 240


class ConformanceFailure(AssertionError):  # noqa: N818
    """A broken promise of the plugin interface: the check's name, what was received and expected, and how to fix it."""

    def __init__(self, check: str, received: str, expected: str, change: str) -> None:
        super().__init__(f"{check}: received {received}; expected {expected}; to fix: {change}")
        self.check = check


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
    except (ConformanceFailure, NotChecked):
        raise
    except PluginError as error:
        place = _line_of(error) or (place_of(stated) if stated else "")
        received = ": ".join(filter(None, [error.what, error.received]))
        raise ConformanceFailure(
            check, received + place, error.expected or "no exception", error.advice or change
        ) from error
    except Exception as error:
        raise ConformanceFailure(check, located(error), "no exception", change) from error


def located(error: BaseException) -> str:
    """An exception on one line, with the innermost line that is no library's: `TypeError: ... at model.py:12`."""
    if isinstance(error, DevalError) and error.__cause__ is not None:
        return located(error.__cause__)
    return textwrap.shorten(describe(error), LONGEST, placeholder=" ...") + _line_of(error)


def place_of(function: Callable[..., object]) -> str:
    """Where a function is written, ` at model.py:12`; empty for one that is not written in Python."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return f" at {Path(code.co_filename).name}:{code.co_firstlineno}" if code else ""


def line_in(stack: traceback.StackSummary) -> str:
    """The innermost line of a stack that is no library's, empty where there is none."""
    for frame in reversed(stack):
        if not (frame.filename.startswith("<") or _is_library(Path(frame.filename))):
            return f" at {Path(frame.filename).name}:{frame.lineno} ({frame.line})"
    return ""


def _line_of(error: BaseException) -> str:
    return line_in(traceback.extract_tb(error.__traceback__))


def _is_library(file: Path) -> bool:
    installed = "site-packages" in file.parts or "dist-packages" in file.parts
    in_stdlib = STDLIB in file.parents or file.name.startswith("<frozen")
    return (in_stdlib and not installed) or any(folder in file.parents for folder in LIBRARIES)
