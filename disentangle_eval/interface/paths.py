"""Paths that a user gives a function: one or several, as text or objects, with `~` for the home folder."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

PathLike = str | os.PathLike[str]


def expanded(path: PathLike | None) -> Path | None:
    """A path with `~` written out; None where none is given."""
    return None if path is None else Path(path).expanduser()


def each_expanded(paths: PathLike | Iterable[PathLike]) -> list[Path]:
    """One path, or several, as a list with `~` written out."""
    several = [paths] if isinstance(paths, (str, os.PathLike)) else paths
    return [Path(path).expanduser() for path in several]
