"""Tables of codes in files."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from disentangle_eval.api import Factors
from disentangle_eval.data.factor_table import table_of_values
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.errors import UsageError
from disentangle_eval.latents import Categorical, CodeDimension, Continuous
from disentangle_eval.metrics.codes import CodeTable

FILE_KEYS = (
    "codes (N, K) with factor_sizes (F,) for codes in grid order, factors (N, F) for labelled samples, or labels (N,)"
)
BEHIND = ("factor_sizes", "factors", "labels")


def load_code_table(path: Path) -> CodeTable:
    """The code table in an `.npz` file.

    Keys: `codes` (N, K) with `factor_sizes` (F,), in grid order (the last factor varies fastest), or `factors` (N, F),
    the factor values of each image, or `labels` (N,), the class of each, or labels beside either; optional
    `factor_names` (F,), and `code_classes` (K,), the number of classes of a column that holds class indices 0, 1, ...
    and 0 for a column of real numbers. UsageError for a file that is none of this.
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
    """The table of codes in arrays named as in a file; UsageError where they do not fit together."""
    if {"factor_sizes", "factors"} <= set(arrays):
        raise UsageError("received factor_sizes and factors, expected one of them: a full grid, or labelled samples")
    factors: Factors | None = None
    if "factor_sizes" in arrays:
        factors = _grid(arrays)
    elif "factors" in arrays:
        factors = _labelled(arrays)
    return CodeTable(arrays["codes"], factors, _code_dimensions(arrays), arrays.get("labels"))


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


def _grid(arrays: dict[str, np.ndarray]) -> FactorSpace:
    sizes = _counts(arrays["factor_sizes"], "factor_sizes", least=1)
    return FactorSpace(_names(arrays, len(sizes)), sizes)


def _labelled(arrays: dict[str, np.ndarray]) -> Factors:
    values = arrays["factors"]
    if values.ndim != 2 or not values.size or values.dtype.kind not in "biuf":
        received = f"{values.dtype} of shape {values.shape}"
        raise UsageError(f"factors: received {received}, expected real numbers of shape (N, F)")
    if not np.isfinite(values).all():
        raise UsageError("factors: received NaN or infinity, expected the factor values of every image")
    return table_of_values(values, _names(arrays, values.shape[1]))


def _names(arrays: dict[str, np.ndarray], factors: int) -> tuple[str, ...]:
    names = arrays.get("factor_names", np.array([f"factor{i}" for i in range(factors)]))
    if names.shape != (factors,):
        raise UsageError(f"factor_names: received shape {names.shape}, expected {(factors,)}, one a factor")
    return tuple(str(name) for name in names)


def _code_dimensions(arrays: dict[str, np.ndarray]) -> tuple[CodeDimension, ...] | None:
    if "code_classes" not in arrays:
        return None
    classes = _counts(arrays["code_classes"], "code_classes", least=0)
    return tuple(Categorical(n) if n else Continuous() for n in classes)


def _counts(values: np.ndarray, name: str, least: int) -> tuple[int, ...]:
    expected = f"a list of integers from {least}"
    if values.ndim != 1 or not values.size or not np.issubdtype(values.dtype, np.integer):
        raise UsageError(f"{name}: received {values.dtype} of shape {values.shape}, expected {expected}")
    if values.min() < least:
        raise UsageError(f"{name}: received {values.tolist()}, expected {expected}")
    return tuple(int(value) for value in values)
