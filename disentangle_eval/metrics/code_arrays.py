"""Tables of codes as arrays, in which users bring them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from disentangle_eval.api import FactorGrid, Subject
from disentangle_eval.data.factors import FactorSpace, is_in_grid_order
from disentangle_eval.data.own.known import counts, known_of, values_of
from disentangle_eval.errors import UsageError, warn
from disentangle_eval.latents import CodeDimension, classes_of, with_classes
from disentangle_eval.metrics.grid_order import better_order
from disentangle_eval.metrics.subject import CodeTable
from disentangle_eval.metrics.toolbox.posterior_bins import code_log_variance

# What gives the codes a meaning; a table without a data set needs at least one of them.
MEANING = ("factor_sizes", "factors", "labels")
NAMES = ("codes", "log_variance", *MEANING, "factor_names", "factor_bins", "code_classes")

# Sums of fourth powers of numbers below this are finite in float64.
LARGEST = 1e75


def code_table(arrays: Mapping[str, np.ndarray]) -> CodeTable:
    """The table of codes in arrays by name; UsageError where they do not fit together.

    `codes` (N, K) with `factor_sizes` (F,), in grid order (the last factor varies fastest), or `factors` (N, F), the
    factor values of each image, or `labels` (N,), the class of each, or labels next to either. Optional:
    `factor_names` (F,); `factor_bins`, the number of classes that factors of real numbers are cut into; `code_classes`
    (K,), the number of classes of a column that holds class indices 0, 1, ... and 0 for a column of real numbers;
    `log_variance` (N, K), of normal posteriors whose means are the codes.

    Labelled samples that have every combination of factors once are a full grid, in its order. `DevalWarning` where
    the codes say that `factor_sizes` are in a wrong order, and where all rows are the same.
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
    if len(codes) > 1 and (codes == codes[0]).all():
        warn("codes: all rows are the same, so no score says anything about a representation")
    if "factor_sizes" in arrays and "factors" not in arrays and isinstance(known.factors, FactorSpace):
        _warn_of_order(table, known.factors)
    return table


def code_arrays(subject: Subject) -> dict[str, np.ndarray]:
    """The codes of all images of a subject and what is known of the images, in arrays by name.

    `code_table` makes the same table of them. Factors are written as the values they were given as, as `factor_sizes`
    where the images are in grid order, or else as classes, which those cut into `factor_bins` classes are, too.
    """
    arrays = {"codes": subject.codes(np.arange(len(subject)))}
    if (log_variance := _log_variance(subject)) is not None:
        arrays["log_variance"] = log_variance
    if any(classes := classes_of(subject.code)):
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


def _log_variance(subject: Subject) -> np.ndarray | None:
    """The log variances (N, K) of normal posteriors around the codes, None where their prior is no standard normal."""
    if "images" in subject.offered:
        from disentangle_eval.metrics.toolbox.posteriors import has_other_prior

        if has_other_prior(subject.model, len(subject.code)):
            return None
    return code_log_variance(subject, np.arange(len(subject)))


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


def code_dimensions(arrays: Mapping[str, np.ndarray]) -> tuple[CodeDimension, ...] | None:
    """What the columns of a table hold, by its `code_classes`; None where it has none."""
    if "code_classes" not in arrays:
        return None
    return with_classes(counts(arrays["code_classes"], "code_classes", least=0))
