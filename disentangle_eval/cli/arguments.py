"""Arguments that several commands share."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar

import click

from disentangle_eval.cli.completion import complete_datasets

Decorated = TypeVar("Decorated", bound=Callable[..., object])
Given = TypeVar("Given", str, tuple[str, ...], None)


def split_at_commas(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """The names of an option that may be repeated, each of which may be several with commas between."""
    return tuple(name.strip() for value in values for name in value.split(",") if name.strip())


def known_metrics(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Names of metrics, after a look at each: a misspelt one is refused before numpy is imported."""
    names = split_at_commas(context, parameter, values)
    if not context.resilient_parsing:
        from disentangle_eval.registry.lookup import load_registry

        for name in names:
            if name != "all":
                load_registry().find_metric(name.partition(":")[0])
    return names


def known_datasets(context: click.Context, parameter: click.Parameter, given: Given) -> Given:
    """What was given, after a look at each name of a data set: a misspelt one is refused before torch is imported."""
    if given and not context.resilient_parsing:
        from disentangle_eval.registry.lookup import load_registry
        from disentangle_eval.registry.names import parse_dataset

        for name in (given,) if isinstance(given, str) else given:
            load_registry().find_dataset(parse_dataset(name).name)
    return given


def dataset_option(help: str) -> Callable[[Decorated], Decorated]:
    """`--dataset NAME`, whose name is known."""
    return click.option("--dataset", callback=known_datasets, shell_complete=complete_datasets, help=help)


class Device(click.ParamType):
    """`auto`, `cpu`, `cuda`, `cuda:N` or `mps`; whether it is there is found out when torch is imported."""

    name = "device"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", value):
            self.fail(f"{value!r} is none of auto, cpu, cuda, cuda:N.", param, ctx)
        return value


def known_checkpoint(context: click.Context, parameter: click.Parameter, path: Path) -> Path:
    """A checkpoint file or run folder, after a look whether it is there, before torch is imported."""
    if not context.resilient_parsing:
        from disentangle_eval.opening.origins import find_checkpoint

        find_checkpoint(path)
    return path


checkpoint_argument = click.argument("checkpoint", type=click.Path(path_type=Path), callback=known_checkpoint)


class ThreadCount(click.ParamType):
    """A number of CPU threads from 1 on, or `auto`."""

    name = "integer|auto"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | Literal["auto"]:
        return "auto" if value == "auto" else click.IntRange(min=1).convert(value, param, ctx)


threads_option = click.option(
    "--threads",
    type=ThreadCount(),
    help="CPU threads; auto: as many as there are free cores now.  [default: all it may use]",
)

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
