"""Printing paths and what follows from them, whatever their characters."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from disentangle_eval.errors import one_line


def print_path(path: Path | str) -> None:
    """Print a path on stdout: as it is for another program, on a terminal as one line without its codes."""
    text = str(path)
    click.echo(one_line(text) if sys.stdout.isatty() else text, color=True)


def note(text: str) -> None:
    """Print one line on stderr that is neither an error nor a warning."""
    click.echo(one_line(text), err=True)
