"""`deval traverse`: what each dimension of a checkpoint's representation changes, still and in motion."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from disentangle_eval.cli.arguments import checkpoint_argument, data_dir_option, device_option
from disentangle_eval.cli.echo import prints_paths
from disentangle_eval.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

    from disentangle_eval.api import Dataset
    from disentangle_eval.report.traversal import Sweep


def a_number(context: click.Context, parameter: click.Parameter, value: float) -> float:
    """Refuses `nan`, which no range excludes."""
    if math.isnan(value):
        raise click.BadParameter("nan is not a number.", context, parameter)
    return value


def two_numbers(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[float, float] | None:
    """The two numbers of a range."""
    if value is None:
        return None
    try:
        low, high = (float(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r} is not LOW,HIGH, such as -1,1.", context, parameter) from None
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise click.BadParameter(f"{value!r}: expected two finite numbers, the lower first.", context, parameter)
    return low, high


@click.command()
@checkpoint_argument
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="PNG to write; the GIF has the same name.  [default: in the run's pictures folder]",
)
@click.option(
    "--columns",
    type=click.IntRange(2, 101),
    default=11,
    show_default=True,
    help="Images per row; an odd number has the starting point in the middle.",
)
@click.option(
    "--range",
    "reach",
    type=click.FloatRange(0, 100, min_open=True),
    callback=a_number,
    default=2.0,
    show_default=True,
    help="Range of a row in spreads of its dimension (standard deviations, or quarters of a bounded prior).",
)
@click.option(
    "--absolute",
    metavar="LOW,HIGH",
    callback=two_numbers,
    help="Values of every row instead of --range, such as -1,1, wherever it starts.",
)
@click.option(
    "--start",
    type=click.Choice(["image", "prior"]),
    default="image",
    show_default=True,
    help="Starting point: an image of the data set, if the model can encode one, or a sample of the code's prior.",
)
@click.option(
    "--image", "number", type=click.IntRange(min=0), help="Start from the code of this image of the data set."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Fixes the starting point.")
@click.option("--gif/--no-gif", default=True, show_default=True, help="Also write the traversal in motion.")
@device_option
@data_dir_option
@prints_paths
def traverse(
    checkpoint: Path,
    out: Path | None,
    columns: int,
    reach: float,
    absolute: tuple[float, float] | None,
    start: str,
    number: int | None,
    seed: int,
    gif: bool,
    device: str,
    data_dir: Path | None,
) -> Iterator[Path]:
    """Draw what each dimension of CHECKPOINT, a file or a run folder, changes.

    One row of images per dimension, sorted by the information it carries, highest first; the other dimensions stay at a
    starting point that the rows share: the code of an image of the data set if the model can encode one, otherwise a
    random one of the model's own, such as a sample of the prior. A categorical dimension shows its classes.
    """
    if number is not None and start == "prior":
        raise UsageError("traverse", received="--image with --start prior", expected="at most one of them")
    from disentangle_eval.api import Traversable
    from disentangle_eval.cli.picture import caption, picture_path
    from disentangle_eval.opening.datasets import open_dataset_for
    from disentangle_eval.opening.models import open_model
    from disentangle_eval.report.animation import POSITIONS, frames, save_gif
    from disentangle_eval.report.grid import save_png
    from disentangle_eval.report.labels import captioned
    from disentangle_eval.report.traversal import chosen_image, sweeps, traversal_picture

    opened = open_model(checkpoint, device)
    model = opened.model
    if not isinstance(model, Traversable):
        raise opened.origin.inability("has no dimensions to sweep: it has no `traversal`")
    path = picture_path(out, opened.origin, "traversal")

    def data() -> Dataset:
        return open_dataset_for(opened.origin, opened.origin.checkpoint.data["dataset"], data_dir)

    @functools.cache
    def image() -> Tensor:
        return chosen_image(data(), seed)

    given = None if number is None else image_at(data(), number)
    title = caption(opened.origin) + ("" if number is None else f", from image {number:,}")

    def swept(n: int, model: Traversable = model) -> tuple[Sweep, ...]:
        return sweeps(
            model,
            n,
            seed,
            opened.device,
            reach,
            image,
            absolute=absolute,
            from_prior=start == "prior",
            given=given,
        )

    rows = swept(columns)
    save_png(path, captioned(traversal_picture(rows), title))
    yield path
    if gif:
        moving = path.with_suffix(".gif")
        moves = frames(swept(POSITIONS))
        save_gif(moving, [captioned(frame, title) for frame in moves])
        yield moving


def image_at(data: Dataset, number: int) -> Tensor:
    """One image (1, C, H, W) of a data set; `UsageError` for a number it does not have."""
    import torch

    if number >= len(data):
        raise UsageError("--image", received=number, expected=f"0 to {len(data) - 1:,}, an image of {data.name}")
    return data.images(torch.tensor([number]))
