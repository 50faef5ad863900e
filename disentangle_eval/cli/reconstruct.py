"""`deval reconstruct`: images of the data set, each above its reconstruction."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from disentangle_eval.cli.arguments import checkpoint_argument, data_dir_option, device_option
from disentangle_eval.cli.echo import prints_paths


@click.command()
@checkpoint_argument
@click.option("--out", type=click.Path(path_type=Path), help="PNG to write.  [default: in the run's pictures folder]")
@click.option("--n", type=click.IntRange(1, 512), default=16, show_default=True, help="Number of images.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Fixes which images are taken.")
@device_option
@data_dir_option
@prints_paths
def reconstruct(
    checkpoint: Path, out: Path | None, n: int, seed: int, device: str, data_dir: Path | None
) -> Iterator[Path]:
    """Draw images of the data set, each above its reconstruction by CHECKPOINT, a file or a run folder."""
    from disentangle_eval.api import Reconstructor
    from disentangle_eval.cli.picture import caption, picture_path
    from disentangle_eval.opening.datasets import open_dataset_for
    from disentangle_eval.opening.models import open_model
    from disentangle_eval.report.grid import save_png
    from disentangle_eval.report.labels import captioned
    from disentangle_eval.report.reconstruction import reconstruction_picture

    opened = open_model(checkpoint, device)
    if not isinstance(opened.model, Reconstructor):
        raise opened.origin.inability("makes no image from an image: it has no `reconstruct`")
    path = picture_path(out, opened.origin, "reconstruction")
    data = open_dataset_for(opened.origin, opened.origin.checkpoint.data["dataset"], data_dir)
    picture = reconstruction_picture(opened.model, data, n, seed, opened.device)
    save_png(path, captioned(picture, caption(opened.origin)))
    yield path
