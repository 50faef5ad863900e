"""A score on the terminal: its value with that of an uninformative code, then every detail."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from disentangle_eval.cli.table import PLAIN_WIDTH
from disentangle_eval.errors import one_line
from disentangle_eval.results import Result, Spread, rows_of


def show(result: Result) -> None:
    """Print the tables of a result on stdout."""
    shown = console()
    at = "" if result.iteration is None else f" at iteration {result.iteration}"
    subject = result.codes or f"{result.model}{at} on {result.dataset}"
    shown.print(one_line(f"{result.metric} ({result.settings['protocol']}) of {subject}"), style="bold", markup=False)
    for table in (quantities(result), *matrices(result)):
        shown.print(table)


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
            table.add_row(one_line(name), text(value))
    table.add_row("seed", str(result.seed))
    table.add_row("seconds", f"{result.seconds:.1f}")
    return table


def matrices(result: Result) -> list[Table]:
    """One table per detail that is a list of lists, unless all zeros; its columns are the factors where they fit."""
    factors = result.details.get("factors", [])
    return [
        matrix(name, value, factors, *rows_of(name, result.details))
        for name, value in result.details.items()
        if is_matrix(value) and any(map(any, value))
    ]


def matrix(name: str, rows: list[list[Any]], factors: list[str], noun: str, names: Sequence[object]) -> Table:
    """A matrix with its rows named; rows that hold only zeros are left out."""
    columns = factors if len(factors) == len(rows[0]) else [str(column) for column in range(len(rows[0]))]
    table = Table(title=one_line(f"{name} by {noun}"), title_justify="left")
    table.add_column(noun.split()[-1], justify="right")
    for column in columns:
        table.add_column(one_line(column), justify="right")
    for row_name, row in zip(names, rows, strict=True):
        if any(row):
            table.add_row(text(row_name), *(text(item) for item in row))
    return table


def is_matrix(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(item, list) for item in value)


def text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, list):
        return ", ".join(text(item) for item in value) or "none"
    return one_line(str(value))
