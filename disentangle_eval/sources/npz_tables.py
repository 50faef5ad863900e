"""Tables of codes in .npz files, which may also hold what is known of the images."""

from __future__ import annotations

import difflib
import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from disentangle_eval.data.files.npz_blocks import read_array
from disentangle_eval.errors import UsageError, describe, warn
from disentangle_eval.metrics.code_arrays import NAMES


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """The arrays of `code_table` that a file holds, by name; an only array of another name is taken for the codes.

    No other array is read; `DevalWarning` names them. `UsageError`, without the name of the file, where there are no
    codes, or an array whose name is nearly one of these.
    """
    with zipfile.ZipFile(path) as file:
        there = [name.removesuffix(".npy") for name in file.namelist()]
        if len(there) == 1 and "codes" not in there:
            return {"codes": _read_array(file, there[0])}
        others = [name for name in there if name not in NAMES]
        _refuse_misspelt(others, there)
        if "codes" not in there:
            raise UsageError(
                "",
                received=f"the arrays {_listed(sorted(there))}",
                expected="codes (N, K)",
                advice="np.savez(FILE, codes=codes, factors=factors) writes a table",
            )
        arrays = {name: _read_array(file, name) for name in NAMES if name in there}
    if others:
        warn(f"{path}: not read: {_listed(others)}")
    return arrays


def _read_array(file: zipfile.ZipFile, name: str) -> np.ndarray:
    try:
        return read_array(file, name)
    except Exception as error:  # whatever a damaged file makes the reader raise
        received = f"an array that is not readable ({_reason(error)})"
        raise UsageError(name, received=received, expected="an array of numbers or texts") from None


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    own = isinstance(error, (OSError, ValueError, zipfile.BadZipFile))
    return (str(error).partition("\n")[0] if own else describe(error)) or type(error).__name__


def _refuse_misspelt(others: Sequence[str], there: Collection[str]) -> None:
    """UsageError for an array whose name is nearly that of one that may be there and is not."""
    absent = [name for name in NAMES if name not in there]
    for other in others:
        for near in difflib.get_close_matches(other.lower(), absent, n=1, cutoff=0.8):
            raise UsageError(
                "",
                received=f"an array {other!r}",
                expected=f"{near!r}, or a clearly different name",
            )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
