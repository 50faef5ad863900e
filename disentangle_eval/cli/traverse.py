"""`deval traverse`: what each dimension of a checkpoint's representation changes, still and in motion."""

from __future__ import annotations

import math
from pathlib import Path

import click

from disentangle_eval.cli.arguments import checkpoint_argument, device_option


def a_number(context: click.Context, parameter: click.Parameter, value: float) -> float:
    """Refuses `nan`, which no range excludes."""
    if math.isnan(value):
        raise click.BadParameter("nan is not a number.", context, parameter)
    return value


@click.command()
@checkpoint_argument
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="PNG to write; the GIF lies beside it.  [default: in the run's pictures folder]",
)
@click.option(
    "--columns",
    type=click.IntRange(2, 101),
    default=11,
    show_default=True,
    help="Images of a row; an odd number has the starting point in the middle.",
)
@click.option(
    "--range",
    "reach",
    type=click.FloatRange(0, 100, min_open=True),
    callback=a_number,
    default=2.0,
    show_default=True,
    help="Spreads of a dimension (standard deviations, or a quarter of a bounded prior) a row goes either way.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Fixes the starting point.")
@click.option("--gif/--no-gif", default=True, show_default=True, help="Write the sweeps in motion too.")
@device_option
def traverse(checkpoint: Path, out: Path | None, columns: int, reach: float, seed: int, gif: bool, device: str) -> None:
    """Draw what each dimension of CHECKPOINT, a file or a run folder's newest, changes.

    One row of images a dimension, sorted by the information it carries, highest first; all other dimensions stay at a
    starting point that the rows share. A categorical dimension shows its classes.
    """
    from disentangle_eval.api import Traversable
    from disentangle_eval.cli.picture import picture_path
    from disentangle_eval.opening import open_model
    from disentangle_eval.report.animation import POSITIONS, frames, save_gif
    from disentangle_eval.report.grid import save_png
    from disentangle_eval.report.traversal import sweeps, traversal_picture

    opened = open_model(checkpoint, device)
    if not isinstance(opened.model, Traversable):
        raise opened.origin.inability("has no dimensions to sweep: it has no `traversal`")
    path = picture_path(out, opened.origin, "traversal")
    save_png(path, traversal_picture(sweeps(opened.model, columns, seed, opened.device, reach)))
    click.echo(path)
    if gif:
        moving = path.with_suffix(".gif")
        save_gif(moving, frames(sweeps(opened.model, POSITIONS, seed, opened.device, reach)))
        click.echo(moving)
