"""`deval draw`: pictures of one checkpoint and a data set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from disentangle_eval.cli import arguments
from disentangle_eval.cli.lazy import LazyCommand, LazyGroup
from disentangle_eval.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

    from disentangle_eval.api import Dataset
    from disentangle_eval.latents import CodeDimension
    from disentangle_eval.opening.models import OpenedModel

COMMANDS = {
    "histograms": LazyCommand("disentangle_eval.cli.draw_histograms", "Each dimension's distribution and its prior."),
    "embedding": LazyCommand("disentangle_eval.cli.draw_embedding", "Codes in two dimensions, by factor or label."),
    "categories": LazyCommand("disentangle_eval.cli.draw_categories", "Real images by category or code."),
    "grid": LazyCommand("disentangle_eval.cli.draw_grid", "What the model draws of each category, one per row."),
    "interpolation": LazyCommand("disentangle_eval.cli.draw_interpolation", "From one image or code to another."),
}

out_option = click.option(
    "--out", type=click.Path(path_type=Path), help="PNG to write.  [default: in the run's pictures folder]"
)
seed_option = click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Fixes what is chosen and drawn."
)
dataset_option = arguments.dataset_option("Data set whose images are shown.  [default: the model's own]")


@click.group(cls=LazyGroup, table=COMMANDS)
def draw() -> None:
    """Draw pictures of one checkpoint: its codes, its categories and interpolations between images."""


@dataclass(frozen=True)
class Coded:
    """A model with images of a data set: their indices (n,), codes (n, K), and what each column of a code holds."""

    opened: OpenedModel
    data: Dataset
    index: np.ndarray
    codes: np.ndarray
    code: tuple[CodeDimension, ...]


def open_coded(checkpoint: Path, device: str, dataset: str | None, data_dir: Path | None, n: int, seed: int) -> Coded:
    """A checkpoint's model with the codes of `n` images that the seed chooses; `UsageError` without an encoder."""
    from disentangle_eval.api import Encoder
    from disentangle_eval.opening.models import open_model
    from disentangle_eval.report.coded_images import chosen_indices, codes_of

    opened = open_model(checkpoint, device)
    if not isinstance(opened.model, Encoder):
        raise opened.origin.inability("has no code of an image: it has no `encode`")
    data = open_data(opened, dataset, data_dir)
    index = chosen_indices(data, n, seed)
    codes = codes_of(opened.model, data, index, opened.device)
    return Coded(opened, data, index, codes, opened.model.code)


def open_data(opened: OpenedModel, dataset: str | None, data_dir: Path | None) -> Dataset:
    """The data set of that name, or the one that the model was trained on."""
    from disentangle_eval.opening.datasets import open_dataset_for

    return open_dataset_for(opened.origin, dataset or opened.origin.checkpoint.data["dataset"], data_dir)


def categorical_column(code: Any, column: int | None, where: str) -> int:
    """The column that was asked for, else the first categorical one; `UsageError` where it is none."""
    from disentangle_eval.latents import is_categorical

    columns = [j for j, categorical in enumerate(is_categorical(code)) if categorical]
    if not columns:
        raise UsageError(where, received="a code of real numbers", expected="a model with a categorical code")
    if column is None:
        return columns[0]
    if column not in columns:
        raise UsageError(
            "--column", received=column, expected=f"a categorical dimension: {', '.join(map(str, columns))}"
        )
    return column


def on_what(name: str, opened: OpenedModel) -> str:
    """The line above a picture, which also names the data set where it is not the model's own."""
    from disentangle_eval.cli.picture import caption

    text = caption(opened.origin)
    return text if name == opened.origin.checkpoint.data["name"] else f"{text}, images of {name}"
