"""Which line of a plugin raised an exception."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

from disentangle_eval.errors import DevalError, describe, shortened

# The modules of this package and of what it depends on. Any other installed package may be a plugin, whose lines count.
LIBRARIES = (
    "disentangle_eval",
    "torch",
    "torch_fidelity",
    "numpy",
    "scipy",
    "sklearn",
    "joblib",  # scikit-learn's loops run in it
    "threadpoolctl",
    "click",
    "pluggy",
    "h5py",
    "pydantic",
    "rich",
    "jinja2",
    "matplotlib",
    "PIL",
)
STDLIB = Path(os.__file__).parent
LONGEST = 240


def located(error: BaseException) -> str:
    """An exception on one line, with the innermost line that is no library's: `TypeError: ... at model.py:12 (...)`."""
    if isinstance(error, DevalError) and error.__cause__ is not None:
        return located(error.__cause__)
    return shortened(describe(error), LONGEST) + line_of(error)


def line_of(error: BaseException) -> str:
    """` at model.py:12 (...)`: the innermost line that is no library's, empty where there is none.

    For a `DevalError` with a cause, the line of the cause; for a `SyntaxError`, the file and line that do not parse.
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
    """Whether a file is Python's own or one of `LIBRARIES`; an installed plugin is neither."""
    installed = "site-packages" in file.parts or "dist-packages" in file.parts
    in_stdlib = STDLIB in file.parents or file.name.startswith("<frozen")
    return (in_stdlib and not installed) or any(place in (file, *file.parents) for place in _libraries())


def _libraries() -> list[Path]:
    """The folders of those that are loaded; of a module in one file, which has no folder of its own, the file."""
    files = (getattr(sys.modules.get(name), "__file__", None) for name in LIBRARIES)
    paths = [Path(file) for file in files if file]
    return [path.parent if path.name == "__init__.py" else path for path in paths]
