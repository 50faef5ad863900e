"""`deval datasets`: what can be trained and scored on, and whether it is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from disentangle_eval.cli.arguments import data_dir_option
from disentangle_eval.cli.errors import say
from disentangle_eval.cli.table import as_json_option, fields, owner, print_json, print_table
from disentangle_eval.data.files.locations import data_folder
from disentangle_eval.data.files.presence import Presence, presence
from disentangle_eval.registry.lookup import Registered, load_registry
from disentangle_eval.registry.specs import DatasetSpec

NAMED = 2  # missing files of a data set that the table names


@click.command()
@data_dir_option
@as_json_option
def datasets(data_dir: Path | None, as_json: bool) -> None:
    """List what can be trained and scored on, and what is there of it.

    A data set is "here" (its files are), "drawn here" (it needs none), "missing" some files, which `deval data fetch
    NAME` gets, or "your own": write NAME:PATH.
    """
    folder = data_folder(data_dir)
    if folder is not None and not folder.is_dir():
        say("warning", f"data folder: received {folder}, which is no folder; expected the one that holds data sets")
    found = [(record, presence(record.spec, folder)) for _, record in sorted(load_registry().datasets.items())]
    if as_json:
        print_json([{**fields(record), **_json(there)} for record, there in found])
    else:
        columns = ["dataset", "state", "images", "factors, or what it is", "licence", "distribution"]
        print_table(columns, [_row(record, there) for record, there in found])


def _json(there: Presence) -> dict[str, Any]:
    return {"state": there.state, "missing": [file.path for file in there.missing]}


def _row(record: Registered[DatasetSpec], there: Presence) -> list[str]:
    spec = record.spec
    count = f"{spec.images:,}" if spec.images else ""
    return [spec.name, _state(spec, there), count, spec.factors or spec.summary, spec.licence, owner(record)]


def _state(spec: DatasetSpec, there: Presence) -> str:
    """A state in a few words, with the user's way of writing the data set or the files that are missing."""
    if there.state == "your own":
        return f"your own ({spec.name}:PATH)"
    if there.state != "missing":
        return there.state
    named = [file.path for file in there.missing[:NAMED]]
    more = len(there.missing) - len(named)
    return "missing " + ", ".join(named) + (f" and {more} more" if more else "")
