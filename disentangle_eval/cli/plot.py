"""`deval plot`: figures of many runs."""

from __future__ import annotations

from pathlib import Path

import click

from disentangle_eval.errors import UsageError

KINDS = {"curve": 1, "strip": 1, "scatter": 2, "tradeoff": 2}


@click.command()
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--show",
    "names",
    multiple=True,
    required=True,
    metavar="NAME",
    help="A logged term, METRIC, METRIC:PROTOCOL or METRIC:PROTOCOL:DETAIL; twice for scatter and tradeoff: x, then y.",
)
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), default="plot.png", show_default=True, help="PNG, SVG or PDF."
)
def plot(kind: str, folders: tuple[Path, ...], names: tuple[str, ...], out: Path) -> None:
    """Draw the runs in or below FOLDERS: one figure of KIND.

    curve: a term or score over iterations, in bands over seeds. strip: the newest scores, a row per setting.
    scatter: one score or term against another. tradeoff: the same, the settings of a model joined by a line.
    """
    from disentangle_eval.report.style import save_figure
    from disentangle_eval.study import plotting
    from disentangle_eval.study.runs import find_runs

    if len(names) != KINDS[kind]:
        expected = f"{KINDS[kind]} with the kind {kind}"
        raise UsageError("--show", received=f"{len(names)} names", expected=expected)
    if out.suffix not in (".png", ".svg", ".pdf"):
        raise UsageError("--out", received=repr(str(out)), expected="a name that ends in .png, .svg or .pdf")
    runs = find_runs(folders)
    if kind == "curve":
        figure = plotting.curve(runs, names[0])
    elif kind == "strip":
        figure = plotting.strip(runs, names[0])
    else:
        figure = plotting.scatter(runs, names[0], names[1], joined=kind == "tradeoff")
    save_figure(out, figure)
    click.echo(out)
