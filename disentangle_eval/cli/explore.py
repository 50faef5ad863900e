"""`deval explore`: the page of one checkpoint, opened in the browser."""

from __future__ import annotations

import os
import tempfile
import webbrowser
from collections.abc import Iterator
from pathlib import Path

import click

from disentangle_eval.cli.arguments import checkpoint_argument, data_dir_option, device_option
from disentangle_eval.cli.echo import note, prints_paths


@click.command()
@checkpoint_argument
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="Page to write and keep.  [default: a temporary file]"
)
@click.option("--open/--no-open", "opens", default=True, show_default=True, help="Open the page in the browser.")
@device_option
@data_dir_option
@prints_paths
def explore(checkpoint: Path, out: Path | None, opens: bool, device: str, data_dir: Path | None) -> Iterator[Path]:
    """Open a page on CHECKPOINT, a file or a run folder: sliders, pictures, curves, scores and settings.

    The page is one file that needs no network. Its path is printed, for a machine without a browser.
    """
    from disentangle_eval.cli.picture import caption
    from disentangle_eval.opening.models import open_model
    from disentangle_eval.runtime.files import make_folder, write_atomically
    from disentangle_eval.study.page import checkpoint_page

    opened = open_model(checkpoint, device)
    page = checkpoint_page(opened, caption(opened.origin), data_dir)
    path = out or temporary_page()
    make_folder(path.parent)
    write_atomically(path, lambda file: file.write(page.encode()))
    yield path
    if opens and not webbrowser.open(path.resolve().as_uri()):
        note("no browser here; open the file yourself")


def temporary_page() -> Path:
    """A new file among the system's temporary ones."""
    handle, name = tempfile.mkstemp(prefix="deval-explore-", suffix=".html")
    os.close(handle)
    return Path(name)
