"""What users know of their images, or of the codes of them: factors, as a full grid or row by row, and classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from disentangle_eval.api import Factors
from disentangle_eval.data.factor_table import FactorTable, has_every_combination, table_of_values
from disentangle_eval.data.factors import FactorSpace, is_in_grid_order
from disentangle_eval.errors import UsageError, warn

# A factor of more different values than these, most images having one of their own, is not taken for one of classes.
FEW_VALUES = 20


@dataclass(frozen=True, eq=False)
class Known:
    """Factors and labels of the images of a data set; row `order[i]` of the user's arrays is image i, or row i."""

    factors: Factors | None = None
    labels: np.ndarray | None = None
    order: np.ndarray | None = None


def known_of(arrays: Mapping[str, np.ndarray], count: int, bins: int = 0) -> Known:
    """What arrays say of so many images.

    `factor_sizes` (F,): the images are a full grid, the last factor fastest; or `factors` (N, F) real numbers, whose
    different values, ascending, are the classes of a factor; `factor_names` (F,); `labels` (N,) integers or texts.
    Factors in which every combination occurs once become a full grid, and an order; with `factor_sizes` next to them
    they say which row is which. With `bins`, factors of real numbers are cut into classes of about equally many images;
    metrics that read values still read the numbers. UsageError for what does not fit together.
    """
    labels = _labels(arrays["labels"], count) if "labels" in arrays else None
    grid = _grid(arrays, count) if "factor_sizes" in arrays else None
    if "factors" not in arrays:
        return Known(grid, labels)
    values = _values(arrays["factors"], count)
    names = _names(arrays, values.shape[1])
    classes = [_classes(column, name, bins) for column, name in zip(values.T, names, strict=True)]
    table = replace(table_of_values(np.stack(classes, axis=1), names), values=values.astype(np.float64))
    known = in_grid_order(Known(table, labels))
    return known if grid is None else _checked_against(grid, known)


def values_of(factors: Factors) -> np.ndarray | None:
    """Values (N, F) from which `known_of` makes the same factors; None where they are not known or were binned."""
    values: np.ndarray | None = getattr(factors, "values", None)
    if values is None:
        return None
    try:
        again = known_of({"factors": values}, len(values)).factors
    except UsageError:
        return None
    index = np.arange(len(values))
    same = again is not None and np.array_equal(again.classes(index), factors.classes(index))
    return values if same else None


def _checked_against(grid: FactorSpace, known: Known) -> Known:
    """What factors say, where the arrays also claim to be a grid; a warning where that claim has another order."""
    if not isinstance(known.factors, FactorSpace) or sorted(known.factors.sizes) != sorted(grid.sizes):
        raise UsageError(
            "factor_sizes and factors",
            received="a full grid and factors of other sizes",
            expected="one of them: a full grid, or one row per image",
        )
    if known.order is not None or known.factors.sizes != grid.sizes:
        sizes = list(known.factors.sizes)
        warn(
            f"factor_sizes: received {list(grid.sizes)}, but the rows of factors are in another order than that grid; "
            f"the factors are used, {sizes} classes"
        )
    return known


def in_grid_order(known: Known) -> Known:
    """The same, as a full grid in its order where the factors are a table that has every combination once."""
    table = known.factors
    if not isinstance(table, FactorTable) or not has_every_combination(table):
        return known
    space = FactorSpace(table.names, table.sizes)
    order = None if is_in_grid_order(table) else np.argsort(space.index(table.table))
    rows = slice(None) if order is None else order
    values = None if table.values is None else table.values[rows]
    if values is not None and not np.array_equal(values, table.table[rows]):
        space = replace(space, values=values)
    return Known(space, None if known.labels is None else known.labels[rows], order)


def _classes(column: np.ndarray, name: str, bins: int) -> np.ndarray:
    """The values of one factor, or the class of each where they are continuous."""
    distinct = np.unique(column)
    many = max(FEW_VALUES, len(column) // 2)
    if _are_whole(distinct):
        if len(distinct) > many:
            warn(
                f"factors: {name!r}: {len(distinct)} whole numbers in {len(column)} images are as many classes, about "
                "which codes say little but by chance; round them to fewer"
            )
        return column
    if len(distinct) <= (bins or many):
        return column
    if not bins:
        raise UsageError(
            f"factors: {name!r}",
            received=f"{len(distinct)} different values in {len(column)} images",
            expected="few enough for classes",
            advice="divide such factors into classes: bins=20 as a setting of the data set, factor_bins=20 with codes",
        )
    return quantile_classes(column, bins)


def _are_whole(values: np.ndarray) -> bool:
    """Whether numbers are integers; floating-point ones so large that they hold no halves say nothing of that."""
    if values.dtype.kind != "f":
        return True
    return bool((values == np.floor(values)).all() and np.spacing(np.abs(values).max()) < 0.5)


def quantile_classes(column: np.ndarray, bins: int) -> np.ndarray:
    """Real numbers (N,) -> classes (N,) int64 of about N / bins images each; equal numbers are of one class.

    A number's class follows from its mean rank. Negating all numbers reverses the order of the classes and changes
    nothing else: a number right between two classes joins the one farther from the mean.
    """
    ascending = np.sort(column)
    below = np.searchsorted(ascending, column, side="left")
    up_to = np.searchsorted(ascending, column, side="right")
    # Twice the mean rank, so that the arithmetic is exact.
    classes, rest = np.divmod(bins * (below + up_to), 2 * len(column))
    classes[(rest == 0) & (column < column.mean())] -= 1
    return classes


def _values(values: np.ndarray, count: int) -> np.ndarray:
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2 or len(values) != count or not values.size or values.dtype.kind not in "biuf":
        received = f"{values.dtype} of shape {values.shape}"
        expected = f"real numbers of shape ({count}, F), one row per image"
        raise UsageError("factors", received=received, expected=expected)
    if not np.isfinite(values).all():
        raise UsageError("factors", received="NaN or infinity", expected="the factor values of every image")
    return values


def _grid(arrays: Mapping[str, np.ndarray], count: int) -> FactorSpace:
    sizes = counts(arrays["factor_sizes"], "factor_sizes", least=1)
    space = FactorSpace(_names(arrays, len(sizes)), sizes)
    if len(space) != count:
        grid = " x ".join(map(str, sizes))
        received = f"{grid} = {len(space)} combinations for {count} images"
        raise UsageError("factor_sizes", received=received, expected="one image per combination")
    return space


def counts(values: np.ndarray, name: str, least: int) -> tuple[int, ...]:
    """A list of integers, each at least `least`; UsageError for anything else."""
    expected = f"a list of integers from {least}"
    if values.ndim != 1 or not values.size or values.dtype.kind not in "iu":
        raise UsageError(name, received=f"{values.dtype} of shape {values.shape}", expected=expected)
    if values.min() < least:
        raise UsageError(name, received=values.tolist(), expected=expected)
    return tuple(int(value) for value in values)


def _names(arrays: Mapping[str, np.ndarray], factors: int) -> tuple[str, ...]:
    names = arrays.get("factor_names", np.array([f"factor{i}" for i in range(factors)]))
    if names.shape != (factors,):
        raise UsageError("factor_names", received=f"shape {names.shape}", expected=f"{(factors,)}, one per factor")
    found = tuple(name.decode(errors="replace") if isinstance(name, bytes) else str(name) for name in names.tolist())
    if len(set(found)) < factors:
        raise UsageError("factor_names", received=", ".join(found), expected="a name of its own for every factor")
    return found


def _labels(labels: np.ndarray, count: int) -> np.ndarray:
    if labels.dtype.kind in "SU" and labels.shape == (count,):
        return np.unique(labels, return_inverse=True)[1].astype(np.int64)
    if labels.shape != (count,) or labels.dtype.kind not in "iu":
        raise UsageError(
            "labels",
            received=f"{labels.dtype} of shape {labels.shape}",
            expected=f"integers of shape ({count},), one per image",
            advice="for factors write factors=KEY with its name" if labels.ndim == 2 else "",
        )
    if labels.min() < 0:
        raise UsageError("labels", received=labels.min(), expected="classes from 0")
    return labels.astype(np.int64)
