"""`deval data`: the group of commands that get, check, show and pack data sets."""

from __future__ import annotations

import click

from disentangle_eval.cli.lazy import LazyCommand, LazyGroup

COMMANDS = {
    "fetch": LazyCommand("disentangle_eval.cli.data_fetch", "Get the published files of a data set."),
    "verify": LazyCommand("disentangle_eval.cli.data_verify", "Check the files of a data set, and what they hold."),
    "show": LazyCommand("disentangle_eval.cli.data_show", "Draw images of a data set, and what each factor changes."),
    "pack": LazyCommand("disentangle_eval.cli.data_pack", "Write a data set to one HDF5 file."),
}


@click.group(cls=LazyGroup, table=COMMANDS)
def data() -> None:
    """Get, check, show and pack data sets."""
