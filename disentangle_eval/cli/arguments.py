"""Arguments that several commands share."""

from __future__ import annotations

import re
from pathlib import Path

import click


def split_at_commas(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """The names of an option that may be repeated, each of which may be several with commas between."""
    return tuple(name.strip() for value in values for name in value.split(",") if name.strip())


class Device(click.ParamType):
    """`auto`, `cpu`, `cuda`, `cuda:N` or `mps`; whether it is there is found out when torch is imported."""

    name = "device"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", value):
            self.fail(f"{value!r} is none of auto, cpu, cuda, cuda:N.", param, ctx)
        return value


checkpoint_argument = click.argument("checkpoint", type=click.Path(path_type=Path))

device_option = click.option(
    "--device",
    type=Device(),
    default="auto",
    show_default=True,
    help="Where to compute: auto, cpu, cuda or cuda:N.",
)

data_dir_option = click.option(
    "--data-dir", type=click.Path(path_type=Path), help="Folder of the original data sets.  [default: $DEVAL_DATA]"
)
