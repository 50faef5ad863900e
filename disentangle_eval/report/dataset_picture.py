"""Images of a data set and what each of its factors changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from disentangle_eval.api import Dataset, FactorGrid, Factors, Nuisance
from disentangle_eval.report.grid import grid
from disentangle_eval.report.labels import Lines, labelled_table
from disentangle_eval.runtime.draws import GeneratorDraw, stream_seed

COLUMNS = 10
ROWS_WITHOUT_FACTORS = 6
ROWS_AT_RANDOM = 2


@dataclass(frozen=True)
class FactorRow:
    """Images (n,) whose classes of one factor are `classes` (n,), ascending, all other factors being held.

    `exact` is whether they are; where no such image is there, the nearest one is.
    """

    factor: int
    classes: np.ndarray
    index: np.ndarray
    exact: bool


def dataset_picture(data: Dataset, seed: int) -> np.ndarray:
    """Rows of random images; then, from one image, one row per factor, and one for a nuisance. uint8, see `grid`.

    What is chosen depends on `seed` and the size of the data set alone.
    """
    random = np.random.default_rng(stream_seed(seed, "data set picture"))
    if data.factors is None:
        return grid(_images(data, random.integers(len(data), size=ROWS_WITHOUT_FACTORS * COLUMNS)), COLUMNS)
    origin = int(random.integers(len(data)))
    chosen = random.integers(len(data), size=(ROWS_AT_RANDOM, COLUMNS))
    rows: list[tuple[Lines, Tensor]] = [
        (("images", "at random") if row == 0 else ("",), _images(data, index)) for row, index in enumerate(chosen)
    ]
    rows += [(_describe(row, data.factors), _images(data, row.index)) for row in factor_rows(data.factors, origin)]
    if isinstance(data, Nuisance):
        again = data.observe(torch.full((COLUMNS,), origin), GeneratorDraw(stream_seed(seed, "nuisance")))
        rows.append((("nuisance", "no factor"), again))
    return labelled_table(rows)


def factor_rows(factors: Factors, origin: int, columns: int = COLUMNS) -> list[FactorRow]:
    """A row for each factor, through the classes of image `origin`: at most `columns` classes, evenly spaced.

    In a full grid the other factors never change. Otherwise each image is the one of its class whose other factors are
    nearest to the origin's, as parts of their numbers of classes.
    """
    held = factors.classes(np.array(origin))
    if isinstance(factors, FactorGrid):
        return [_row_of_grid(factors, held, factor, columns) for factor in range(len(held))]
    classes = factors.classes(np.arange(len(factors)))
    return [_row_of_table(factors, classes, held, factor, columns) for factor in range(len(held))]


def _row_of_grid(factors: FactorGrid, held: np.ndarray, factor: int, columns: int) -> FactorRow:
    shown = _evenly(np.arange(factors.sizes[factor]), columns)
    classes = np.repeat(held[None], len(shown), axis=0)
    classes[:, factor] = shown
    return FactorRow(factor, shown, factors.index(classes), exact=True)


def _row_of_table(factors: Factors, classes: np.ndarray, held: np.ndarray, factor: int, columns: int) -> FactorRow:
    others = np.arange(len(held)) != factor
    distance = (np.abs(classes - held) / np.array(factors.sizes))[:, others].sum(axis=1)
    shown = _evenly(np.unique(classes[:, factor]), columns)
    members = [np.flatnonzero(classes[:, factor] == value) for value in shown]
    index = np.array([rows[distance[rows].argmin()] for rows in members])
    return FactorRow(factor, shown, index, exact=bool((distance[index] == 0).all()))


def _evenly(values: np.ndarray, most: int) -> np.ndarray:
    """At most so many of the values, both ends among them."""
    places = np.linspace(0, len(values) - 1, min(len(values), most)).round().astype(int)
    return np.asarray(values[places])


def _describe(row: FactorRow, factors: Factors) -> Lines:
    size = factors.sizes[row.factor]
    some = f"{len(row.classes)} of {size} classes" if len(row.classes) < size else f"{size} classes"
    return (factors.names[row.factor], some, *([] if row.exact else ["others nearest"]))


def _images(data: Dataset, index: np.ndarray) -> Tensor:
    return data.images(torch.from_numpy(index))
