"""The spec of a data set that a user wrote."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from disentangle_eval.cli.arguments import known_datasets
from disentangle_eval.cli.completion import complete_datasets
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.registry.names import parse_dataset
from disentangle_eval.registry.specs import DatasetSpec

dataset_argument = click.argument("dataset", metavar="NAME", callback=known_datasets, shell_complete=complete_datasets)


def spec_of(written: str) -> DatasetSpec:
    """The spec of `NAME`, `NAME:PATH` or `NAME?setting=value`; `UsageError` for a name no plugin has."""
    return load_registry().find_dataset(parse_dataset(written).name).spec


def data_command(name: str, written: str, data_dir: Path | None) -> str:
    """What to type next: `deval data NAME` on the same data set, in the same folder."""
    folder = [] if data_dir is None else ["--data-dir", str(data_dir)]
    return shlex.join(["deval", "data", name, written, *folder])
