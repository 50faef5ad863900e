"""`deval study figure`: the figure that a study's file describes, of the runs that it made."""

from __future__ import annotations

from pathlib import Path

import click

from disentangle_eval.cli.echo import print_path
from disentangle_eval.errors import UsageError
from disentangle_eval.study.reading import read_settings


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--folder", type=click.Path(path_type=Path), help="Folder of the study.  [default: studies/NAME]")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="PNG, SVG or PDF.  [default: NAME.png]")
def figure(file: Path, folder: Path | None, out: Path | None) -> None:
    """Draw the figure that [figure] of the study in FILE describes, with the published numbers in it.

    Published numbers are lines and diamonds, labelled with their source.
    """
    from disentangle_eval.cli.outputs import refuse_other_suffix
    from disentangle_eval.cli.plot import FORMATS
    from disentangle_eval.report.style import save_figure
    from disentangle_eval.runtime.files import make_folder
    from disentangle_eval.study.plotting import figure_of
    from disentangle_eval.study.running import default_root, refuse_not_run
    from disentangle_eval.study.runs import find_runs

    study = read_settings(file)
    if study.figure is None:
        raise UsageError(f"study {study.name!r}", received="no [figure]", expected="kind and show, as of `deval plot`")
    path = out or Path(f"{study.name}.png")
    refuse_other_suffix("--out", path, *FORMATS)
    if folder is None:
        refuse_not_run(file, default_root(study.name))
    drawn = figure_of(find_runs([folder or default_root(study.name)]), study.figure)
    make_folder(path.parent)
    save_figure(path, drawn)
    print_path(path)
