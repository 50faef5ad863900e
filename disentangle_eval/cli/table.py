"""Lists of things: a table for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from disentangle_eval.errors import one_line

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
    """A table on stdout, folded to the terminal, elsewhere to 120 columns; programs read JSON instead."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(Text(one_line(column)), overflow="fold", no_wrap=number == 0)
    for row in rows:
        table.add_row(*(Text(one_line(cell)) for cell in row))
    console = Console() if sys.stdout.isatty() else Console(width=PLAIN_WIDTH)
    with console.capture() as captured:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))
