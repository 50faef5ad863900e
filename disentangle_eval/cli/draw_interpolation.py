"""`deval draw interpolation`: the way from one image or code to another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from disentangle_eval.cli.arguments import checkpoint_argument, data_dir_option, device_option
from disentangle_eval.cli.draw import dataset_option, on_what, open_data, out_option, seed_option
from disentangle_eval.cli.echo import prints_paths
from disentangle_eval.errors import UsageError

if TYPE_CHECKING:
    from disentangle_eval.report.interpolation import End


@click.command()
@checkpoint_argument
@out_option
@click.option(
    "--images",
    type=(click.IntRange(min=0), click.IntRange(min=0)),
    multiple=True,
    metavar="FROM TO",
    help="Two images of the data set by number; may be repeated.  [default: --pairs that the seed chooses]",
)
@click.option("--codes", is_flag=True, help="Interpolate between samples of the prior, without images of the data.")
@click.option("--pairs", type=click.IntRange(1, 50), default=3, show_default=True, help="Number of pairs chosen.")
@click.option("--columns", type=click.IntRange(2, 50), default=10, show_default=True, help="Images between the ends.")
@seed_option
@dataset_option
@device_option
@data_dir_option
@prints_paths
def interpolation(
    checkpoint: Path,
    out: Path | None,
    images: tuple[tuple[int, int], ...],
    codes: bool,
    pairs: int,
    columns: int,
    seed: int,
    dataset: str | None,
    device: str,
    data_dir: Path | None,
) -> Iterator[Path]:
    """Draw interpolations between the codes of two images: along a straight line, and below it along a great circle.

    The images themselves are at both ends of a row. With --codes the ends are samples of CHECKPOINT's own prior.
    """
    from disentangle_eval.api import Traversable
    from disentangle_eval.cli.picture import caption, picture_path
    from disentangle_eval.opening.models import open_model
    from disentangle_eval.report.categories import rows_picture
    from disentangle_eval.report.coded_images import chosen_indices, images_at
    from disentangle_eval.report.grid import save_png
    from disentangle_eval.report.interpolation import End, can_go_between, own_ends, ways
    from disentangle_eval.report.labels import captioned

    if codes and (images or dataset):
        raise UsageError("interpolation", received="--codes with images", expected="one of them")
    opened = open_model(checkpoint, device)
    if not (isinstance(opened.model, Traversable) if codes else can_go_between(opened.model)):
        raise opened.origin.inability("has no space of codes to draw from: it has no `traversal`")
    path = picture_path(out, opened.origin, "interpolation")
    if codes:
        title = caption(opened.origin)
        ends = own_ends(opened.model, 2 * pairs, seed, opened.device)
    else:
        import numpy as np

        data = open_data(opened, dataset, data_dir)
        title = on_what(data.name, opened)
        chosen = np.array(images, dtype=np.int64).ravel() if images else chosen_indices(data, 2 * pairs, seed)
        if chosen.max() >= len(data):
            expected = f"0 to {len(data) - 1:,}, images of {data.name}"
            raise UsageError("--images", received=int(chosen.max()), expected=expected)
        chosen = chosen if images else chosen[np.random.default_rng(seed).permutation(len(chosen))]
        ends = [
            End(f"image {number:,}", image)
            for number, image in zip(chosen.tolist(), images_at(data, chosen), strict=True)
        ]
    rows = ways(opened.model, pairs_of(ends), columns, seed, opened.device)
    save_png(path, captioned(rows_picture(rows), title))
    yield path


def pairs_of(ends: list[End]) -> list[tuple[End, End]]:
    """Ends two by two."""
    return list(zip(ends[::2], ends[1::2], strict=False))
