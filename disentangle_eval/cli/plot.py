"""`deval plot`: figures of many runs."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from disentangle_eval.cli.completion import complete_files
from disentangle_eval.cli.echo import print_path
from disentangle_eval.cli.outputs import refuse_other_suffix
from disentangle_eval.config import build
from disentangle_eval.study.figure import FigureSettings, Kind, Take, shown_by

FORMATS = (".png", ".svg", ".pdf")


@click.command()
@click.argument("kind", type=click.Choice(get_args(Kind)))
@click.argument("folders", nargs=-1, required=True, shell_complete=complete_files)
@click.option(
    "--show",
    "names",
    multiple=True,
    metavar="NAME",
    help="A logged term, METRIC, METRIC:PROTOCOL or METRIC:PROTOCOL:DETAIL; term:NAME for a term with the name of a "
    "metric. May be repeated. Of scatter and tradeoff: x, then y.  [default with dimensions: kl]",
)
@click.option("--setting", metavar="NAME", help="For against: the setting on the x axis, such as beta.")
@click.option(
    "--take",
    type=click.Choice(get_args(Take)),
    default="newest",
    show_default=True,
    help="Value of a run: its newest, or the median over its scored snapshots or logged windows.",
)
@click.option("--dataset", metavar="NAME", help="Show scores on this data set alone, where runs have them on several.")
@click.option(
    "--level",
    "levels",
    type=(float, str),
    multiple=True,
    metavar="VALUE NAME",
    help="Draw a line at a value of what is shown, such as a published score; may be repeated.",
)
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), default="plot.png", show_default=True, help="PNG, SVG or PDF."
)
def plot(
    kind: Kind,
    folders: tuple[str, ...],
    names: tuple[str, ...],
    setting: str | None,
    take: Take,
    dataset: str | None,
    levels: tuple[tuple[float, str], ...],
    out: Path,
) -> None:
    """Draw the runs in or below FOLDERS: one figure of KIND.

    curve: terms or scores over iterations, in bands over seeds. strip: a score, one row per setting. scatter: one score
    or term against another. tradeoff: the same, with a line through the settings of a model. against: scores or terms
    over a setting such as beta. dimensions: the entries of a logged vector, matched over seeds by rank.

    NAME=FOLDER calls the runs of a folder NAME instead of their model.
    """
    from disentangle_eval.report.style import save_figure
    from disentangle_eval.runtime.files import make_folder
    from disentangle_eval.study.plotting import figure_of
    from disentangle_eval.study.runs import find_named_runs

    published = [{"name": name, "value": value} for value, name in levels]
    settings = build(
        FigureSettings,
        {
            "kind": kind,
            "show": shown_by(kind, names),
            "setting": setting,
            "take": take,
            "dataset": dataset,
            "published": published,
        },
    )
    settings.refuse_misfit()
    refuse_other_suffix("--out", out, *FORMATS)
    figure = figure_of(find_named_runs(folders), settings)
    make_folder(out.parent)
    save_figure(out, figure)
    print_path(out)
