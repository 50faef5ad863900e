"""A score on the terminal: its value with that of an uninformative code, then every detail."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

import click
from rich.console import Console
from rich.table import Table

from disentangle_eval.cli.table import PLAIN_WIDTH
from disentangle_eval.errors import one_line
from disentangle_eval.results import Matrix, Result, Spread, is_matrix, matrices_of


def show(result: Result) -> None:
    """Print the tables of a result on stdout."""
    shown = console()
    at = "" if result.iteration is None else f" at iteration {result.iteration}"
    on = f" on {result.dataset}" if result.dataset else ""
    subject = f"{result.codes or f'{result.model}{at}'}{on}"
    shown.print(one_line(f"{result.metric} ({result.settings['protocol']}) of {subject}"), style="bold", markup=False)
    shown.print(quantities(result))
    for matrix in matrices_of(result.details):
        if any(map(any, matrix.rows)):
            shown.print(table_of(matrix))


def show_summary(results: Sequence[Result], folders: Mapping[str, str]) -> None:
    """Print one table of several results, one row per result; `folders` are those of checkpoints by their checksum."""
    table = Table(title="in short", title_justify="left")
    for name in ("subject", "metric", "protocol", "score", "chance", "better", "seed"):
        table.add_column(name, justify="right" if name in ("score", "chance", "seed") else "left")
    for result, subject in zip(results, subjects_of(results, folders), strict=True):
        chance = "" if result.chance is None else f"{result.chance:.4f}"
        protocol = str(result.settings["protocol"])
        cells = (subject, result.metric, protocol, f"{result.value:.4f}", chance, result.better, str(result.seed))
        table.add_row(*map(one_line, cells))
    console().print(table)


def subjects_of(results: Sequence[Result], folders: Mapping[str, str]) -> list[str]:
    """The subject of each result, by as much as distinguishes it: model, training seed, iteration, run folder."""
    seeds = len({result.train_seed for result in results}) > 1
    names = []
    for result in results:
        seed = f" seed {result.train_seed}" if seeds else ""
        at = "" if result.iteration is None else f" at {result.iteration}"
        names.append(result.codes or f"{result.model}{seed}{at}")
    checkpoints: dict[str, set[str | None]] = {}
    for name, result in zip(names, results, strict=True):
        checkpoints.setdefault(name, set()).add(result.checkpoint_sha256)
    return [
        f"{name} in {folders[result.checkpoint_sha256 or '']}"
        if len(checkpoints[name]) > 1 and result.checkpoint_sha256 in folders
        else name
        for name, result in zip(names, results, strict=True)
    ]


def console() -> Console:
    """Standard output, at a fixed width where it is no terminal; text is shown as it is, never as markup."""
    return Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH, markup=False, emoji=False)


def show_spread(spread: Spread) -> None:
    """Print the mean of several seeds with its interval."""
    low, high = spread.interval
    seeds = f"{len(spread.seeds)} seeds from {spread.seeds[0]}"
    click.echo(
        f"{spread.metric} ({spread.protocol}): mean {spread.mean:.4f}, 95% interval {low:.4f} to {high:.4f}, {seeds}"
    )


def quantities(result: Result) -> Table:
    """The score, chance, and every detail that is a number, a text or a flat list."""
    table = Table()
    table.add_column("quantity")
    table.add_column("value", justify="right")
    table.add_row(result.metric, f"{result.value:.4f}", style="bold")
    if result.chance is not None:
        table.add_row("chance", f"{result.chance:.4f}")
    for name, value in result.details.items():
        if not is_matrix(value):
            table.add_row(f"{one_line(name)}, by factor" if name == result.metric else one_line(name), text(value))
    table.add_row("seed", str(result.seed))
    table.add_row("seconds", f"{result.seconds:.1f}")
    return table


def table_of(matrix: Matrix) -> Table:
    """A matrix with its rows and columns named; rows that hold only zeros are left out."""
    table = Table(title=one_line(f"{matrix.name} by {matrix.noun}"), title_justify="left")
    table.add_column(matrix.noun.split()[-1], justify="right")
    for name in matrix.column_names:
        table.add_column(one_line(name), justify="right")
    for name, row in zip(matrix.row_names, matrix.rows, strict=True):
        if any(row):
            table.add_row(one_line(name), *map(text, row))
    return table


def text(value: object) -> str:
    """A value as a cell of a table shows it: four decimals, the items of a list with commas between."""
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, list):
        return ", ".join(text(item) for item in value) or "none"
    return one_line(str(value))
