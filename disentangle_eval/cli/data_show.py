"""`deval data show`: a picture of a data set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from disentangle_eval.cli.arguments import data_dir_option
from disentangle_eval.cli.data_spec import dataset_argument
from disentangle_eval.cli.echo import prints_paths


@click.command()
@dataset_argument
@click.option("--out", type=click.Path(path_type=Path), help="PNG to write.  [default: NAME.png]")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Fixes which images are shown.")
@data_dir_option
@prints_paths
def show(dataset: str, out: Path | None, seed: int, data_dir: Path | None) -> Iterator[Path]:
    """Draw images of the data set NAME and, if it has factors, one row per factor with all others held fixed."""
    from disentangle_eval.cli.picture import picture_file
    from disentangle_eval.opening.datasets import open_dataset
    from disentangle_eval.registry.names import parse_dataset
    from disentangle_eval.report.dataset_picture import dataset_picture
    from disentangle_eval.report.grid import save_png

    path = picture_file(out or Path(f"{parse_dataset(dataset).short}.png"))
    save_png(path, dataset_picture(open_dataset(dataset, data_dir), seed))
    yield path
