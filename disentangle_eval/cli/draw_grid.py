"""`deval draw grid`: what a model draws of each category."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from disentangle_eval.cli.arguments import checkpoint_argument, device_option
from disentangle_eval.cli.draw import categorical_column, out_option, seed_option
from disentangle_eval.cli.echo import prints_paths

if TYPE_CHECKING:
    from torch import Tensor

    from disentangle_eval.opening.models import OpenedModel


@click.command()
@checkpoint_argument
@out_option
@click.option("--column", type=click.IntRange(min=0), help="Categorical dimension.  [default: the first]")
@click.option("--columns", type=click.IntRange(1, 50), default=10, show_default=True, help="Images per row.")
@seed_option
@device_option
@prints_paths
def grid(
    checkpoint: Path, out: Path | None, column: int | None, columns: int, seed: int, device: str
) -> Iterator[Path]:
    """Draw each category of CHECKPOINT's code in one row; the images of a column share the rest of their latent."""
    from disentangle_eval.cli.picture import caption, picture_path
    from disentangle_eval.opening.models import open_model
    from disentangle_eval.report.categories import rows_picture
    from disentangle_eval.report.grid import save_png
    from disentangle_eval.report.labels import captioned

    opened = open_model(checkpoint, device)
    drawn = drawn_categories(opened, column, columns, seed)
    path = picture_path(out, opened.origin, "grid")
    rows = [((f"category {found}",), images) for found, images in enumerate(drawn)]
    save_png(path, captioned(rows_picture(rows), caption(opened.origin)))
    yield path


def drawn_categories(opened: OpenedModel, column: int | None, n: int, seed: int) -> Tensor:
    """`n` images that a model draws of each class of a categorical column: (classes, n, C, H, W).

    `UsageError` for a model whose prior has no categories, or none of that column.
    """
    from disentangle_eval.api import Encoder, Generator
    from disentangle_eval.latents import OneHot, is_categorical
    from disentangle_eval.report import categories

    model = opened.model
    if not isinstance(model, Encoder) or not isinstance(model, Generator):
        raise opened.origin.inability("draws no categories: it has no `encode`, or no `generate` and `prior`")
    chosen = categorical_column(model.code, column, "grid")
    number = sum(is_categorical(model.code)[:chosen])
    if number >= sum(isinstance(part, OneHot) for part in getattr(model.prior, "parts", ())):
        raise opened.origin.inability(f"has a prior without the category of dimension {chosen}")
    return categories.drawn_categories(model, number, n, seed, opened.device)
