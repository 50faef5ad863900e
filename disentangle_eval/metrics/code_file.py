"""Tables of codes in files."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from disentangle_eval.data.own.known import counts, known_of
from disentangle_eval.errors import UsageError
from disentangle_eval.latents import Categorical, CodeDimension, Continuous
from disentangle_eval.metrics.subject import CodeTable

FILE_KEYS = (
    "codes (N, K) with factor_sizes (F,) for codes in grid order, factors (N, F) for labelled samples, or labels (N,)"
)
BEHIND = ("factor_sizes", "factors", "labels")


def load_code_table(path: Path) -> CodeTable:
    """The code table in an `.npz` file.

    Keys: `codes` (N, K) with `factor_sizes` (F,), in grid order (the last factor varies fastest), or `factors` (N, F),
    the factor values of each image, or `labels` (N,), the class of each, or labels beside either; optional
    `factor_names` (F,); `factor_bins`, the number of classes that factors of real numbers are cut into; and
    `code_classes` (K,), the number of classes of a column that holds class indices 0, 1, ... and 0 for a column of real
    numbers. UsageError for a file that is none of this.
    """
    arrays = _read_arrays(path)
    missing = [] if "codes" in arrays else ["codes"]
    missing += [] if set(BEHIND) & set(arrays) else [" or ".join(BEHIND)]
    if missing:
        received = ", ".join(sorted(arrays)) or "no arrays"
        raise UsageError(f"{path}: received {received}, expected {FILE_KEYS}; missing: {', '.join(missing)}")
    try:
        return code_table(arrays)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def code_table(arrays: dict[str, np.ndarray]) -> CodeTable:
    """The table of codes in arrays named as in a file; UsageError where they do not fit together.

    Labelled samples that have every combination of factors once are a full grid, in its order.
    """
    codes = arrays["codes"]
    if codes.ndim == 0:
        raise UsageError("codes: received a single number, expected (N, K)")
    known = known_of(arrays, len(codes), _bins(arrays))
    if known.order is not None:
        codes = codes[known.order]
    return CodeTable(codes, known.factors, _code_dimensions(arrays), known.labels)


def _bins(arrays: dict[str, np.ndarray]) -> int:
    (bins,) = counts(arrays.get("factor_bins", np.array(0)).reshape(-1), "factor_bins", least=0)
    return bins


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        file = np.load(path, allow_pickle=False)
        if isinstance(file, np.ndarray):
            raise UsageError(f"{path}: received a single array, expected an .npz file with {FILE_KEYS}")
        with file:
            return {key: file[key] for key in file.files}
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file, expected an .npz file with {FILE_KEYS}") from None
    except (OSError, ValueError, RuntimeError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise UsageError(f"{path}: not readable ({reason}), expected an .npz file with {FILE_KEYS}") from None


def _code_dimensions(arrays: dict[str, np.ndarray]) -> tuple[CodeDimension, ...] | None:
    if "code_classes" not in arrays:
        return None
    classes = counts(arrays["code_classes"], "code_classes", least=0)
    return tuple(Categorical(n) if n else Continuous() for n in classes)
