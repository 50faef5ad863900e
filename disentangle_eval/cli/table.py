"""Lists of things: a table for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from disentangle_eval.errors import one_line

if TYPE_CHECKING:
    from rich.text import Text

# Columns of standard output where it is no terminal.
PLAIN_WIDTH = 120

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout and nothing else.")


def owner(record: Mapping[str, Any]) -> str:
    """The distribution that something installed is from, and its version."""
    return f"{record['distribution']} {record['distribution_version']}"


def print_json(rows: Sequence[Mapping[str, Any]]) -> None:
    """One JSON array on stdout."""
    click.echo(json.dumps(rows, indent=2))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on stdout, folded to the terminal, elsewhere to 120 columns; programs read JSON instead.

    Columns that do not fit next to each other follow below, each part with the first column.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console() if sys.stdout.isatty() else Console(width=PLAIN_WIDTH)
    texts = [[Text(one_line(cell)) for cell in column] for column in zip(columns, *rows, strict=True)]
    least = [_least_width(column) for column in texts]
    first = max(cell.cell_len for cell in texts[0])
    printed = []
    for part in _parts(least[1:], console.width - first):
        table = Table(box=None, header_style="bold", pad_edge=False)
        table.add_column(texts[0][0], overflow="fold", no_wrap=True)
        for number in part:
            table.add_column(texts[1 + number][0], overflow="fold", min_width=least[1 + number])
        for row in range(1, 1 + len(rows)):
            table.add_row(texts[0][row], *(texts[1 + number][row] for number in part))
        with console.capture() as captured:
            console.print(table)
        printed.append("\n".join(line.rstrip() for line in captured.get().splitlines()))
    click.echo("\n\n".join(printed))


def _least_width(column: Sequence[Text]) -> int:
    """The width below which a column breaks words, but no more than that of a number with its bracket, `[-0.1234,`."""
    words = (word for cell in column for word in cell.plain.split())
    return min(9, max(map(len, words), default=1))


def _parts(least: Sequence[int], width: int) -> Iterator[list[int]]:
    """The numbers of the columns next to the first that fit into a width with two spaces before each; at least one."""
    part: list[int] = []
    left = width
    for number, needed in enumerate(least):
        if part and needed + 2 > left:
            yield part
            part, left = [], width
        part.append(number)
        left -= needed + 2
    yield part
