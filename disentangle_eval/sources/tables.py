"""Tables of codes in files of any common format, recognised by content."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np

from disentangle_eval.api import Dataset
from disentangle_eval.errors import DevalError, UsageError, warn
from disentangle_eval.metrics.code_arrays import MEANING, code_dimensions
from disentangle_eval.metrics.subject import CodeTable
from disentangle_eval.sources.kinds import table_format
from disentangle_eval.sources.npz_tables import read_npz

EXPECTED = "a table of numbers (N, K), a row per image"


def read_table(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a table: `codes` (N, K) and, from an npz file, what else it holds of the arrays of `code_table`.

    `UsageError` for a file that is no table of numbers or claims more than it holds, `DevalError` for HDF5 that makes
    its library loop or crash.
    """
    kind = table_format(path)
    try:
        if kind == "npz":
            return _of_npz(path)
        read = {"npy": _of_npy, "h5": _of_hdf5, "parquet": _of_parquet, "csv": _of_csv}[kind or "csv"]
        codes = read(path)
    except DevalError:
        raise
    except Exception as error:  # whatever a damaged file makes its reader raise
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise UsageError(str(path), received=f"a file that cannot be read ({reason})", expected=EXPECTED) from None
    if codes.ndim == 1:
        codes = codes[:, None]
    if kind in ("csv", "parquet"):
        codes = _without_row_numbers(codes, path)
    if codes.ndim != 2 or codes.dtype.kind not in "biuf":
        raise UsageError(str(path), received=f"{codes.dtype} of shape {codes.shape}", expected=EXPECTED)
    return {"codes": codes}


def _without_row_numbers(codes: np.ndarray, path: Path) -> np.ndarray:
    """The codes without a first column that counts the rows, an index that was written with them; `DevalWarning`."""
    if codes.ndim != 2 or codes.shape[1] < 2 or len(codes) < 2 or codes[0, 0] not in (0, 1):
        return codes
    if not np.array_equal(codes[:, 0], codes[0, 0] + np.arange(len(codes))):
        return codes
    warn(f"{path}: its first column counts the rows and is left out; write codes alone, such as with index=False")
    return codes[:, 1:]


def table_on(arrays: dict[str, np.ndarray], data: Dataset, name: str) -> CodeTable:
    """Codes in the order of a data set's images, with the factors and labels of that data set.

    `UsageError` where the rows are not as many as the images, or the table brings factors or labels of its own.
    """
    own = [key for key in MEANING if key in arrays]
    if own:
        raise UsageError(
            f"{name} holds {', '.join(own)} of its own",
            received="a data set as well",
            expected="one of the two",
            advice="leave out the data set, or write a table of codes alone",
        )
    codes = arrays["codes"]
    if len(codes) != len(data):
        numbered = len(codes) == len(data) + 1 and np.array_equal(codes[0], np.arange(codes.shape[1]))
        raise UsageError(
            name,
            received=f"{len(codes):,} rows",
            expected=f"{len(data):,}, one row per image of {data.name} in its order",
            advice="its first row numbers the columns; write it with header=False" if numbered else "",
        )
    return CodeTable(
        codes, data.factors, code_dimensions(arrays), getattr(data, "labels", None), arrays.get("log_variance")
    )


def _of_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        return read_npz(path)
    except UsageError as error:
        raise error.inside(str(path)) from None


def _of_npy(path: Path) -> np.ndarray:
    array: np.ndarray = np.load(path, allow_pickle=False)
    return array


def _of_hdf5(path: Path) -> np.ndarray:
    import h5py

    from disentangle_eval.data.files.hdf5_limits import dataset_inside, refuse_endless

    refuse_endless(path, ())
    with h5py.File(path, "r") as file:
        tables = [name for name in file if dataset_inside(file, name) is not None]
        if "codes" not in tables and len(tables) != 1:
            received = f"the arrays {', '.join(tables)}" if tables else "no array at the top of the file"
            raise UsageError(str(path), received=received, expected="an array named codes, or only one")
        array: np.ndarray = np.asarray(file["codes" if "codes" in tables else tables[0]])
    return array


def _of_parquet(path: Path) -> np.ndarray:
    if importlib.util.find_spec("pyarrow") is None:
        raise UsageError(f"{path}: pyarrow is not installed", advice="pip install pyarrow, or write .npy")
    import pyarrow.parquet

    table: Any = pyarrow.parquet.read_table(path)
    return np.stack([column.to_numpy() for column in table.columns], axis=1)


def _of_csv(path: Path) -> np.ndarray:
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    lines = [line for line in lines if line.strip()]
    delimiter = next((mark for mark in (",", ";", "\t") if mark in lines[0]), None)
    header = not all(map(_is_number, lines[0].split(delimiter)))
    if len(lines) == header:
        raise UsageError(str(path), received="a header alone", expected="a row of numbers per image")
    return np.loadtxt(lines[header:], delimiter=delimiter, ndmin=2, dtype=np.float64)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
