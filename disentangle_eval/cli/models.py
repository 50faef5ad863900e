"""`deval models`: what can be trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from disentangle_eval.cli.table import as_json_option, owner, print_json, print_table
from disentangle_eval.interface.listing import list_models


@click.command()
@as_json_option
def models(as_json: bool) -> None:
    """List every model of every installed plugin, with its presets, the default first."""
    found = list_models()
    if as_json:
        print_json(found)
    else:
        print_table(
            ["model", "summary", "presets", "paper", "distribution"],
            [[model["name"], model["summary"], _presets(model), model["paper"], owner(model)] for model in found],
        )


def _presets(model: Mapping[str, Any]) -> str:
    if model["presets"] is None:
        return "cannot be imported"
    return "; ".join(
        f"{preset['name']} ({preset['note']})" if preset["note"] else preset["name"] for preset in model["presets"]
    )
