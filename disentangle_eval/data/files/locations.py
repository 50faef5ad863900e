"""Where data sets are looked for and where what was made from them is kept."""

from __future__ import annotations

import os
from pathlib import Path

from disentangle_eval.registry.names import DatasetName
from disentangle_eval.runtime.files import with_home


def data_folder(option: str | os.PathLike[str] | None) -> Path | None:
    """The folder of original data sets: `--data-dir` if given, else `DEVAL_DATA`, else None."""
    chosen = option or os.environ.get("DEVAL_DATA")
    return with_home(chosen) if chosen else None


def dataset_folder(written: DatasetName, option: str | os.PathLike[str] | None) -> Path | None:
    """The folder of a data set's files: the path behind its name, else as `data_folder`."""
    return written.path or data_folder(option)


def cache_folder() -> Path:
    """The folder of files that can be made again: `DEVAL_CACHE`, else `disentangle_eval` in the user's cache folder."""
    if chosen := os.environ.get("DEVAL_CACHE"):
        return with_home(chosen)
    return with_home(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "disentangle_eval"
