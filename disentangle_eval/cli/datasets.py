"""`deval datasets`: what can be trained and scored on, and whether it is there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from disentangle_eval.cli.arguments import data_dir_option
from disentangle_eval.cli.errors import say
from disentangle_eval.cli.table import as_json_option, owner, print_json, print_table
from disentangle_eval.data.files.locations import data_folder
from disentangle_eval.interface import list_datasets

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
    found = list_datasets(data_dir)
    if as_json:
        print_json(found)
    else:
        columns = ["dataset", "state", "images", "factors, or what it is", "licence", "distribution"]
        print_table(columns, [_row(data) for data in found])


def _row(data: Mapping[str, Any]) -> list[str]:
    count = f"{data['images']:,}" if data["images"] else ""
    return [data["name"], _state(data), count, data["factors"] or data["summary"], data["licence"], owner(data)]


def _state(data: Mapping[str, Any]) -> str:
    """A state in a few words, with the user's way of writing the data set or the files that are missing."""
    if data["state"] == "your own":
        return f"your own ({data['name']}:PATH)"
    if data["state"] != "missing":
        return str(data["state"])
    more = len(data["missing"]) - NAMED
    return "missing " + ", ".join(data["missing"][:NAMED]) + (f" and {more} more" if more > 0 else "")
