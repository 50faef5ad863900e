"""Paths that a user gives a function: one or several, as text or objects, with `~` for the home folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from disentangle_eval.runtime.files import with_home

PathLike = str | os.PathLike[str]


def expanded(path: PathLike | None) -> Path | None:
    """A path with `~` written out; None where none is given."""
    return None if path is None else with_home(path)


def each_expanded(paths: PathLike | Iterable[PathLike]) -> list[Path]:
    """One path, or several, as a list with `~` written out."""
    several = [paths] if isinstance(paths, (str, os.PathLike)) else paths
    return [with_home(path) for path in several]


def named_paths(paths: PathLike | Iterable[PathLike] | Mapping[str, PathLike]) -> list[tuple[str, Path]]:
    """As `each_expanded`, each with its name in a mapping from names to paths, or an empty one."""
    if isinstance(paths, Mapping):
        return list(zip(paths, each_expanded(paths.values()), strict=True))
    return [("", path) for path in each_expanded(paths)]
