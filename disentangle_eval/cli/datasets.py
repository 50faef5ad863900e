"""`deval datasets`: what can be trained and scored on, and whether it is there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from disentangle_eval.cli.arguments import data_dir_option
from disentangle_eval.cli.completion import complete_datasets
from disentangle_eval.cli.errors import say
from disentangle_eval.cli.table import as_json_option, owner, print_json, print_table
from disentangle_eval.data.files.locations import data_folder
from disentangle_eval.interface.listing import list_datasets
from disentangle_eval.registry.lookup import load_registry


@click.command()
@click.argument("name", required=False, shell_complete=complete_datasets)
@data_dir_option
@as_json_option
def datasets(name: str | None, data_dir: Path | None, as_json: bool) -> None:
    """List the data sets and whether their files are there; with NAME, all that is known of one data set.

    A data set is "here" (its files are), "drawn here" (it needs none), "missing" some files, which `deval data fetch
    NAME` gets, or "your own": write NAME:PATH.
    """
    folder = data_folder(data_dir)
    if folder is not None and not folder.is_dir():
        say("warning", f"data folder: received {folder}, which is not a folder; expected the one that holds data sets")
    found = list_datasets(data_dir)
    if name is not None:
        load_registry().find_dataset(name)
        found = [data for data in found if data["name"] == name]
    if as_json:
        print_json(found)
    elif name is None:
        print_table(["dataset", "images", "factors", "state"], [_row(data) for data in found])
    else:
        print_table(["", name], [[what, text] for what, text in _details(found[0]).items() if text])


def _row(data: Mapping[str, Any]) -> list[str]:
    return [data["name"], _count(data), _sizes(data), data["state"]]


def _details(data: Mapping[str, Any]) -> dict[str, str]:
    own = data["state"] == "your own"
    return {
        "summary": data["summary"],
        "images": _count(data),
        "factors": data["factors"],
        "licence": data["licence"],
        "state": f"your own: write {data['name']}:PATH" if own else data["state"],
        "files": "; ".join(_published(file) for file in data["files"]),
        "missing": ", ".join(data["missing"]) if data["state"] == "missing" else "",
        "to get them": f"deval data fetch {data['name']}" if data["state"] == "missing" else "",
        "scored on": data["test"],
        "from": owner(data),
    }


def _published(file: Mapping[str, Any]) -> str:
    """What is published of a file, in words."""
    limit = f"at most {file['largest'] / 2**30:.3g} GiB are fetched" if file["urls"] else "no size is published"
    size = f"{file['size']:,} bytes" if file["size"] else limit
    return f"{file['path']}: {size}, {file['checksum'] or 'no checksum is published'}"


def _count(data: Mapping[str, Any]) -> str:
    return f"{data['images']:,}" if data["images"] else ""


def _sizes(data: Mapping[str, Any]) -> str:
    """The numbers of classes of the factors, `3×6×40`, from a text such as `shape 3, scale 6, orientation 40`."""
    sizes = [part.split()[-1] for part in data["factors"].split(",") if part.split()]
    return "×".join(sizes) if all(size.replace("_", "").isdigit() for size in sizes) else data["factors"]
