"""Tables of codes as users bring them, in a file or as arrays."""

from __future__ import annotations

import difflib
import zipfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from disentangle_eval.api import FactorGrid, Subject
from disentangle_eval.data.factors import FactorSpace, is_in_grid_order
from disentangle_eval.data.files.npz_blocks import read_array
from disentangle_eval.data.own.known import counts, known_of, values_of
from disentangle_eval.errors import UsageError, describe, warn
from disentangle_eval.latents import Categorical, CodeDimension, Continuous
from disentangle_eval.metrics.grid_order import better_order
from disentangle_eval.metrics.subject import CodeTable

# What gives the codes a meaning; a table needs at least one of them.
BEHIND = ("factor_sizes", "factors", "labels")
NAMES = ("codes", "log_variance", *BEHIND, "factor_names", "factor_bins", "code_classes")
CODES, MEANING = "codes (N, K)", "factor_sizes (F,), factors (N, F) or labels (N,)"
EXPECTED = "an .npz file with codes and factors"
ADVICE = "np.savez(FILE, codes=codes, factors=factors) writes one"

# Sums of fourth powers of numbers below this are finite in float64.
LARGEST = 1e75


def load_code_table(path: Path) -> CodeTable:
    """The code table in an `.npz` file, of which only the arrays below are read; `DevalWarning` names the others.

    `codes` (N, K) with `factor_sizes` (F,), in grid order (the last factor varies fastest), or `factors` (N, F), the
    factor values of each image, or `labels` (N,), the class of each, or labels next to either. Optional:
    `factor_names` (F,); `factor_bins`, the number of classes that factors of real numbers are cut into; `code_classes`
    (K,), the number of classes of a column that holds class indices 0, 1, ... and 0 for a column of real numbers;
    `log_variance` (N, K), of normal posteriors whose means are the codes. UsageError for a file that is none of this,
    or that has an array whose name is nearly one of these.
    """
    try:
        return code_table(read_arrays(path))
    except UsageError as error:
        raise error.inside(str(path)) from None


def code_table(arrays: Mapping[str, np.ndarray]) -> CodeTable:
    """The table of codes in arrays named as in a file; UsageError where they do not fit together.

    Labelled samples that have every combination of factors once are a full grid, in its order. `DevalWarning` where
    the codes say that `factor_sizes` are in a wrong order.
    """
    codes = arrays["codes"]
    if codes.ndim != 2 or not codes.size:
        raise UsageError("codes", received=f"shape {codes.shape}", expected="(N, K), both at least 1")
    known = known_of(arrays, len(codes), _bins(arrays))
    log_variance = arrays.get("log_variance")
    if known.order is not None:
        codes = codes[known.order]
        log_variance = log_variance[known.order] if log_variance is not None and log_variance.ndim else log_variance
    table = CodeTable(codes, known.factors, code_dimensions(arrays), known.labels, log_variance, known.order)
    _refuse_huge(table)
    if "factor_sizes" in arrays and "factors" not in arrays and isinstance(known.factors, FactorSpace):
        _warn_of_order(table, known.factors)
    return table


def code_arrays(subject: Subject) -> dict[str, np.ndarray]:
    """The codes of all images of a subject and what is known of the images, in arrays named as in a file.

    `code_table` makes the same table of them. Factors are written as the values they were given as, as `factor_sizes`
    where the images are in grid order, or else as classes, which those cut into `factor_bins` classes are, too.
    """
    arrays = {"codes": subject.codes(np.arange(len(subject)))}
    if any(isinstance(dimension, Categorical) for dimension in subject.code):
        classes = [dimension.classes if isinstance(dimension, Categorical) else 0 for dimension in subject.code]
        arrays["code_classes"] = np.array(classes)
    if "factors" in subject.offered:
        factors = subject.factors
        if (values := values_of(factors)) is not None:
            arrays["factors"] = values
        elif isinstance(factors, FactorGrid) and is_in_grid_order(factors):
            arrays["factor_sizes"] = np.array(factors.sizes)
        else:
            arrays["factors"] = factors.classes(np.arange(len(subject)))
        arrays["factor_names"] = np.array(factors.names)
    if "labels" in subject.offered:
        arrays["labels"] = subject.labels
    return arrays


def _refuse_huge(table: CodeTable) -> None:
    largest = float(np.abs(table.codes(np.arange(len(table)))).max(initial=0.0))
    if largest >= LARGEST:
        raise UsageError(
            "codes",
            received=f"numbers up to {largest:g}",
            expected=f"numbers below {LARGEST:g}",
            advice="divide the codes by a constant",
        )


def _warn_of_order(table: CodeTable, grid: FactorSpace) -> None:
    sizes = better_order(table.codes(np.arange(len(table))), grid)
    if sizes is not None:
        warn(
            f"factor_sizes: received {list(grid.sizes)}, but the codes follow a grid of {list(sizes)} far better; the "
            "last factor must vary fastest over the rows, check the order"
        )


def _bins(arrays: Mapping[str, np.ndarray]) -> int:
    bins = counts(arrays.get("factor_bins", np.array(0)).reshape(-1), "factor_bins", least=0)
    if len(bins) != 1:
        raise UsageError("factor_bins", received=f"{len(bins)} numbers", expected="one, for all factors")
    return bins[0]


def read_arrays(path: Path, alone: bool = False) -> dict[str, np.ndarray]:
    """The arrays of a file that a table may have, by name; errors do not name the file.

    A table `alone` may hold codes and nothing of what is behind them.
    """
    try:
        if path.is_file() and _is_single_array(path):
            raise UsageError("", received="a single array", expected=EXPECTED, advice=ADVICE)
        file = zipfile.ZipFile(path)
    except UsageError:
        raise
    except FileNotFoundError:
        raise UsageError(
            "no such file", advice=f"a table of codes is an .npz file with {CODES} and {MEANING}"
        ) from None
    except Exception as error:  # whatever a damaged file makes the reader raise
        received = f"a file that is not readable ({_reason(error)})"
        raise UsageError("", received=received, expected=EXPECTED, advice=ADVICE) from None
    with file:
        there = [name.removesuffix(".npy") for name in file.namelist()]
        wanted = [name for name in NAMES if name in there]
        others = [name for name in there if name not in NAMES]
        _refuse_misspelt(others, wanted)
        missing = [] if "codes" in wanted else [CODES]
        missing += [] if alone or set(BEHIND) & set(wanted) else [MEANING]
        if missing:
            received = f"the arrays {_listed(sorted(there))}" if there else "no arrays"
            also = "also " if wanted else ""
            raise UsageError("", received=received, expected=f"{also}{' and '.join(missing)}", advice=ADVICE)
        arrays = {name: _read_array(file, name) for name in wanted}
    if others:
        warn(f"{path}: not read: {_listed(others)}")
    return arrays


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _is_single_array(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(np.lib.format.MAGIC_PREFIX)) == np.lib.format.MAGIC_PREFIX


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


def _refuse_misspelt(others: Collection[str], wanted: Collection[str]) -> None:
    """UsageError for an array whose name is nearly that of one that may be there and is not."""
    absent = [name for name in NAMES if name not in wanted]
    for other in others:
        for near in difflib.get_close_matches(other.lower(), absent, n=1, cutoff=0.8):
            raise UsageError(
                "",
                received=f"an array {other!r}",
                expected=f"{near!r}, or a clearly different name",
            )


def code_dimensions(arrays: Mapping[str, np.ndarray]) -> tuple[CodeDimension, ...] | None:
    """What the columns of a table hold, by its `code_classes`; None where it has none."""
    if "code_classes" not in arrays:
        return None
    classes = counts(arrays["code_classes"], "code_classes", least=0)
    return tuple(Categorical(n) if n else Continuous() for n in classes)
