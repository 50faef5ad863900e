"""`deval draw categories`: real images by the category or the value that a model reads in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from disentangle_eval.cli.arguments import checkpoint_argument, data_dir_option, device_option
from disentangle_eval.cli.draw import (
    Coded,
    categorical_column,
    dataset_option,
    on_what,
    open_coded,
    out_option,
    seed_option,
)
from disentangle_eval.cli.echo import prints_paths
from disentangle_eval.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    Rows = list[tuple[tuple[str, ...], np.ndarray]]


MODES = ("--nearest", "--probable", "--along")


@click.command()
@checkpoint_argument
@out_option
@click.option(
    "--column", type=click.IntRange(min=0), help="Dimension of the code.  [default: the first categorical one]"
)
@click.option("--nearest", is_flag=True, help="Show the images nearest to what the model draws of each category.")
@click.option("--probable", is_flag=True, help="Show the images of each category's highest probability.")
@click.option("--along", type=click.IntRange(min=0), help="Show the lowest and highest images of this real dimension.")
@click.option("--columns", type=click.IntRange(2, 50), default=10, show_default=True, help="Images per row.")
@click.option("--n", type=click.IntRange(min=2), default=2000, show_default=True, help="Number of images searched.")
@seed_option
@dataset_option
@device_option
@data_dir_option
@prints_paths
def categories(
    checkpoint: Path,
    out: Path | None,
    column: int | None,
    nearest: bool,
    probable: bool,
    along: int | None,
    columns: int,
    n: int,
    seed: int,
    dataset: str | None,
    device: str,
    data_dir: Path | None,
) -> Iterator[Path]:
    """Draw real images by the category that CHECKPOINT assigns to them, one row per category.

    A row shows random images of its category; with --probable those of highest probability; with --nearest a generated
    image of the category and the real images nearest to it in pixels; with --along the images with the lowest and the
    highest value of another dimension. A code without categories has two rows per dimension: its lowest and its highest
    images.
    """
    from disentangle_eval.cli.draw_grid import drawn_categories
    from disentangle_eval.cli.picture import picture_path
    from disentangle_eval.latents import is_categorical
    from disentangle_eval.report.categories import rows_picture
    from disentangle_eval.report.grid import save_png
    from disentangle_eval.report.labels import captioned

    modes = [name for name, given in zip(MODES, (nearest, probable, along is not None), strict=True) if given]
    if len(modes) > 1:
        raise UsageError("categories", received=" with ".join(modes), expected="at most one of them")
    coded = open_coded(checkpoint, device, dataset, data_dir, n, seed)
    code = coded.code
    for option, dimension in (("--column", column), ("--along", along)):
        if dimension is not None and dimension >= len(code):
            raise UsageError(option, received=dimension, expected=f"0 to {len(code) - 1}, a dimension of the code")
    path = picture_path(out, coded.opened.origin, "categories")
    categorical = is_categorical(code)
    drawn: Tensor | None = None
    if column is not None and not categorical[column] and not modes:
        rows = value_rows(coded, [column], columns)
    elif not any(categorical) and not modes:
        rows = value_rows(coded, range(len(code)), columns)
    else:
        chosen = categorical_column(code, column, "categories")
        drawn = drawn_categories(coded.opened, chosen, 1, seed) if nearest else None
        rows = category_rows(coded, chosen, columns, seed, drawn, probable, along)
    title = f"{on_what(coded.data.name, coded.opened)}, of {len(coded.index):,} images"
    title += ", first what the model draws" if nearest else ""
    save_png(path, captioned(rows_picture(pictured(coded, rows, drawn)), title))
    yield path


def value_rows(coded: Coded, dimensions: Sequence[int], columns: int) -> Rows:
    """Two rows per dimension: the images with its lowest and its highest values."""
    from disentangle_eval.report.categories import extremes

    rows: Rows = []
    for dimension in dimensions:
        for word, found in zip(("lowest", "highest"), extremes(coded.codes, dimension, columns), strict=True):
            values = coded.codes[found, dimension]
            rows.append(((f"dimension {dimension}", word, f"{values[0]:.2g} to {values[-1]:.2g}"), found))
    return rows


def category_rows(
    coded: Coded, column: int, columns: int, seed: int, drawn: Tensor | None, probable: bool, along: int | None
) -> Rows:
    """A row per category of a column; with what the model draws of each, (classes, 1, C, H, W), the nearest images."""
    import numpy as np

    from disentangle_eval.latents import Categorical
    from disentangle_eval.report import categories as choosing
    from disentangle_eval.report.coded_images import images_at

    kind = coded.code[column]
    assert isinstance(kind, Categorical)
    if drawn is not None:
        images = images_at(coded.data, coded.index)
        chosen = choosing.nearest(images, coded.codes, column, drawn[:, 0], columns - 1)
    elif probable:
        chosen = choosing.most_probable(coded.codes, column, probabilities(coded, column), columns)
    elif along is not None:
        chosen = choosing.along(coded.codes, column, kind.classes, columns, along)
    else:
        chosen = choosing.at_random(coded.codes, column, kind.classes, columns, seed)
    counts = np.bincount(coded.codes[:, column].astype(int), minlength=kind.classes)
    rows: Rows = []
    for found, (indices, count) in enumerate(zip(chosen, counts, strict=True)):
        lines = [f"category {found}", f"{count:,} images"]
        lines += ["most probable"] if probable else [f"by dimension {along}"] if along is not None else []
        rows.append((tuple(lines), indices))
    return rows


def pictured(coded: Coded, rows: Rows, drawn: Tensor | None) -> list[tuple[tuple[str, ...], Tensor]]:
    """The images of rows that have some, each row behind what the model draws of its category, if that is given."""
    import torch

    from disentangle_eval.report.coded_images import images_at

    shown = []
    for category, (lines, found) in enumerate(rows):
        if len(found):
            images = images_at(coded.data, coded.index[found])
            shown.append((lines, images if drawn is None else torch.cat([drawn[category], images])))
    return shown


def probabilities(coded: Coded, column: int) -> np.ndarray:
    """The probability of each class of a categorical column, (n, classes); `UsageError` for a model without any."""
    from disentangle_eval.api import Classifier
    from disentangle_eval.latents import is_categorical
    from disentangle_eval.report.coded_images import probabilities_of

    model, opened = coded.opened.model, coded.opened
    if not isinstance(model, Classifier):
        raise opened.origin.inability("has no probabilities of its categories: it has no `class_probabilities`")
    number = sum(is_categorical(coded.code)[:column])
    return probabilities_of(model, coded.data, coded.index, number, opened.device)
