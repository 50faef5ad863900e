"""Arguments that several commands share."""

from __future__ import annotations

from pathlib import Path

import click


def split_at_commas(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """The names of an option that may be repeated, each of which may be several with commas between."""
    return tuple(name.strip() for value in values for name in value.split(",") if name.strip())


checkpoint_argument = click.argument("checkpoint", type=click.Path(path_type=Path))

device_option = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where to compute.",
)

data_dir_option = click.option(
    "--data-dir", type=click.Path(path_type=Path), help="Folder of the original data sets.  [default: $DEVAL_DATA]"
)
