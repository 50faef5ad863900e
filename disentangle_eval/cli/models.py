"""`deval models`: what can be trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from disentangle_eval.cli.completion import complete_models
from disentangle_eval.cli.table import as_json_option, owner, print_json, print_table
from disentangle_eval.interface.listing import list_models
from disentangle_eval.registry.lookup import load_registry


@click.command()
@click.argument("name", required=False, shell_complete=complete_models)
@as_json_option
def models(name: str | None, as_json: bool) -> None:
    """List every model of every installed plugin, with its presets, the default first; with NAME, one of them.

    The settings of a model are in `deval train NAME --help`.
    """
    found = list_models()
    if name is not None:
        load_registry().find_model(name)
        found = [model for model in found if model["name"] == name]
    if as_json:
        print_json(found)
    elif name is not None:
        print_table(["", name], [[what, text] for what, text in _details(found[0]).items() if text])
    else:
        print_table(
            ["model", "summary", "presets", "paper", "distribution"],
            [[model["name"], model["summary"], _presets(model), model["paper"], owner(model)] for model in found],
        )


def _details(model: Mapping[str, Any]) -> dict[str, str]:
    return {
        "summary": model["summary"],
        "presets": _presets(model),
        "paper": model["paper"],
        "settings": f"deval train {model['name']} --help",
        "from": owner(model),
    }


def _presets(model: Mapping[str, Any]) -> str:
    if model["presets"] is None:
        return "cannot be imported"
    return "; ".join(
        f"{preset['name']} ({preset['note']})" if preset["note"] else preset["name"] for preset in model["presets"]
    )
