"""Arguments that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

checkpoint_argument = click.argument("checkpoint", type=click.Path(path_type=Path))

device_option = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where to compute.",
)

data_dir_option = click.option(
    "--data-dir", type=click.Path(path_type=Path), help="Where original data sets lie.  [default: $DEVAL_DATA]"
)
