"""`deval study`: many models, settings and seeds from one file."""

from __future__ import annotations

import click

from disentangle_eval.cli.lazy import LazyCommand, LazyGroup

COMMANDS = {
    "run": LazyCommand("disentangle_eval.cli.study_run", "Run what is left of a study."),
    "figure": LazyCommand("disentangle_eval.cli.study_figure", "Draw the figure that a study's file describes."),
    "status": LazyCommand("disentangle_eval.cli.study_status", "Show the progress of every trial of a study."),
}


@click.group(cls=LazyGroup, table=COMMANDS)
def study() -> None:
    """Run studies of many models, settings and seeds, and show their progress."""
