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
from disentangle_eval.errors import DevalError, describe

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
def explained(check: str, change: str) -> Iterator[None]:
    """Turns an exception of the plugin into a `ConformanceFailure` that names its line and says what to change."""
    try:
        yield
    except (ConformanceFailure, NotChecked):
        raise
    except Exception as error:
        raise ConformanceFailure(check, located(error), "no exception", change) from error


def located(error: BaseException) -> str:
    """An exception on one line, with the innermost line that is no library's: `TypeError: ... at model.py:12`."""
    if isinstance(error, DevalError) and error.__cause__ is not None:
        return located(error.__cause__)
    text = textwrap.shorten(describe(error), LONGEST, placeholder=" ...")
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not _is_library(Path(frame.filename)):
            return f"{text} at {Path(frame.filename).name}:{frame.lineno} ({frame.line})"
    return text


def _is_library(file: Path) -> bool:
    installed = "site-packages" in file.parts or "dist-packages" in file.parts
    in_stdlib = STDLIB in file.parents or file.name.startswith("<frozen")
    return (in_stdlib and not installed) or any(folder in file.parents for folder in LIBRARIES)
