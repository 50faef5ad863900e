"""`deval compare`: scores of runs side by side."""

from __future__ import annotations

import click

from disentangle_eval.cli.completion import complete_files
from disentangle_eval.cli.table import print_table
from disentangle_eval.errors import UsageError, one_line
from disentangle_eval.study.comparing import compare_places
from disentangle_eval.study.comparison import Comparison, Form
from disentangle_eval.study.runs import named_place
from disentangle_eval.study.tables import FORMATS, cell_text, sections


@click.command()
@click.argument("folders", nargs=-1, required=True, shell_complete=complete_files)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="METRIC[:PROTOCOL]",
    help="Compare scores by this metric alone; may be repeated.  [default: all]",
)
@click.option("--markdown", "forms", flag_value="markdown", multiple=True, help="Print Markdown.")
@click.option("--csv", "forms", flag_value="csv", multiple=True, help="Print one line per setting, score and seed.")
@click.option(
    "--latex", "forms", flag_value="latex", multiple=True, help="Print a LaTeX table of the scores (package booktabs)."
)
@click.option("--json", "forms", flag_value="json", multiple=True, help="Print one JSON object.")
@click.option(
    "--best", metavar="SCORE", help="Name the best setting and the best run by a score, METRIC or METRIC:PROTOCOL."
)
def compare(folders: tuple[str, ...], metrics: tuple[str, ...], forms: tuple[Form, ...], best: str | None) -> None:
    """Compare the newest scores of all runs in or below FOLDERS.

    One row per setting, with the mean over seeds, the standard deviation of the seeds and the 95% confidence interval
    of the mean (Student's t); paired differences of settings that share seeds; correlations of scores over runs.
    Scores of different protocols, data or versions never share a column. NAME=FOLDER calls the runs of a folder NAME
    instead of their model.
    """
    given = [*(["--best"] if best else []), *(f"--{form}" for form in dict.fromkeys(forms))]
    if len(given) > 1:
        raise UsageError("compare", received=" with ".join(given), expected="at most one of them")
    comparison = compare_places([named_place(folder) for folder in folders], metrics)
    if best:
        show_best(comparison, best)
    elif forms:
        click.echo(FORMATS[forms[0]](comparison), nl=False)
    else:
        show(comparison)


def show(comparison: Comparison) -> None:
    """Print the tables and notes of a comparison."""
    for title, (header, *body) in sections(comparison):
        click.secho(one_line(title), bold=True)
        print_table(header, body)
        click.echo()
    for note in comparison.notes:
        click.echo(one_line(note))


def show_best(comparison: Comparison, title: str) -> None:
    """Print the best setting and the best run by a score."""
    column, setting, (run, seed) = comparison.best(title)
    cell = comparison.cells[setting][column.title]
    value = comparison.cells[run][column.title].values[seed]
    chance = "" if cell.chance is None else f", chance {cell.chance:.4f}"
    click.echo(one_line(f"best setting by {column.title}: {setting}, mean {cell_text(cell)}{chance}"))
    click.echo(one_line(f"best run by {column.title}: {run}, seed {seed}, {value:.4f}"))
