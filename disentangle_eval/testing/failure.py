"""How a check says what is wrong with a plugin, and where."""

from __future__ import annotations

import sysconfig
import textwrap
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pydantic
import torch

import disentangle_eval
from disentangle_eval.errors import describe

LIBRARIES = tuple(Path(module.__file__).parent for module in (torch, np, pydantic, disentangle_eval) if module.__file__)
STDLIB = Path(sysconfig.get_paths()["stdlib"])
LONGEST = 240


class ConformanceFailure(AssertionError):  # noqa: N818
    """A promise of the plugin interface that a model breaks: the check's name, what came, what should, what to do."""

    def __init__(self, check: str, received: str, expected: str, change: str) -> None:
        super().__init__(f"{check}: received {received}; expected {expected}; to fix: {change}")
        self.check = check
        self.received = received
        self.expected = expected
        self.change = change


class NotChecked(Exception):  # noqa: N818
    """A check that does not apply (the model does not offer this) or cannot be reached (another check says why)."""


@contextmanager
def plugin_runs(check: str, what: str, change: str = "correct that line") -> Iterator[None]:
    """Turns whatever the plugin raises while it does `what` into a `ConformanceFailure` naming the plugin's line."""
    try:
        yield
    except (ConformanceFailure, NotChecked):
        raise
    except Exception as error:
        raise ConformanceFailure(check, f"{located(error)} from {what}", "no exception", change) from error


@contextmanager
def reached(what: str, see: str) -> Iterator[None]:
    """For checks that rest on something another check judges: its failure is reported there, once."""
    try:
        yield
    except (ConformanceFailure, NotChecked):
        raise
    except Exception as error:
        raise NotChecked(f"{what} fails; the check {see!r} says why") from error


def located(error: BaseException) -> str:
    """An exception on one line, with the innermost line that is no library's: `TypeError: ... at model.py:12`."""
    text = textwrap.shorten(describe(error), LONGEST, placeholder=" ...")
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not _is_library(Path(frame.filename)):
            return f"{text} at {Path(frame.filename).name}:{frame.lineno} ({frame.line})"
    return text


def _is_library(file: Path) -> bool:
    installed = "site-packages" in file.parts or "dist-packages" in file.parts
    return (STDLIB in file.parents and not installed) or any(folder in file.parents for folder in LIBRARIES)
