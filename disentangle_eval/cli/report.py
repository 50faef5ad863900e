"""`deval report`: runs as one HTML page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from disentangle_eval.cli.arguments import data_dir_option, device_option
from disentangle_eval.cli.echo import prints_paths


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), default="report.html", show_default=True, help="Page to write."
)
@click.option("--title", help="Title of the page.  [default: the names of FOLDERS]")
@device_option
@data_dir_option
@prints_paths
def report(
    folders: tuple[Path, ...], out: Path, title: str | None, device: str, data_dir: Path | None
) -> Iterator[Path]:
    """Write one self-contained page of all runs in or below FOLDERS.

    It shows scores with intervals and, per run, learning curves, a slider per latent dimension, samples,
    reconstructions, matrices and the settings behind each number, and opens from disk without a network.
    """
    from disentangle_eval.runtime.files import make_folder, write_atomically
    from disentangle_eval.study.page import report as page_of
    from disentangle_eval.study.runs import find_runs

    runs = find_runs(folders)
    make_folder(out.parent)
    page = page_of(runs, title or ", ".join(folder.resolve().name for folder in folders), data_dir, device)
    write_atomically(out, lambda file: file.write(page.encode()))
    yield out
