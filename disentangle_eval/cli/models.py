"""`deval models`: what can be trained."""

from __future__ import annotations

import click

from disentangle_eval.cli.table import as_json_option, owner, print_json, print_table
from disentangle_eval.interface import list_models


@click.command()
@as_json_option
def models(as_json: bool) -> None:
    """List what can be trained: every model of every installed plugin."""
    found = list_models()
    if as_json:
        print_json(found)
    else:
        print_table(
            ["model", "summary", "paper", "distribution"],
            [[model["name"], model["summary"], model["paper"], owner(model)] for model in found],
        )
