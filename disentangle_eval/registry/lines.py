"""Which line of a plugin raised an exception."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

from disentangle_eval.errors import DevalError, describe, shortened

LIBRARIES = ("torch", "numpy", "pydantic", "pluggy", "click", "disentangle_eval")
STDLIB = Path(os.__file__).parent
LONGEST = 240


def located(error: BaseException) -> str:
    """An exception on one line, with the innermost line that is no library's: `TypeError: ... at model.py:12 (...)`."""
    if isinstance(error, DevalError) and error.__cause__ is not None:
        return located(error.__cause__)
    return shortened(describe(error), LONGEST) + line_of(error)


def line_of(error: BaseException) -> str:
    """` at model.py:12 (...)`: the innermost line that is no library's, empty where there is none.

    Of the cause where a `DevalError` has one; of a file that is no Python, where it is not.
    """
    if isinstance(error, DevalError) and error.__cause__ is not None and (line := line_of(error.__cause__)):
        return line
    if isinstance(error, SyntaxError) and error.filename:
        return f" at {Path(error.filename).name}:{error.lineno}"
    return line_in(traceback.extract_tb(error.__traceback__))


def line_in(stack: traceback.StackSummary) -> str:
    """The innermost line of a stack that is no library's, empty where there is none."""
    for frame in reversed(stack):
        if not (frame.filename.startswith("<") or _is_library(Path(frame.filename))):
            return f" at {Path(frame.filename).name}:{frame.lineno} ({shortened(frame.line or '')})"
    return ""


def _is_library(file: Path) -> bool:
    installed = "site-packages" in file.parts or "dist-packages" in file.parts
    in_stdlib = STDLIB in file.parents or file.name.startswith("<frozen")
    return (in_stdlib and not installed) or any(folder in file.parents for folder in _libraries())


def _libraries() -> list[Path]:
    files = (getattr(sys.modules.get(name), "__file__", None) for name in LIBRARIES)
    return [Path(file).parent for file in files if file]
