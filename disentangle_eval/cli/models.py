"""`deval models`: what can be trained."""

from __future__ import annotations

import click

from disentangle_eval.cli.table import as_json_option, fields, owner, print_json, print_table
from disentangle_eval.registry.lookup import load_registry


@click.command()
@as_json_option
def models(as_json: bool) -> None:
    """List what can be trained: every model of every installed plugin."""
    records = [record for _, record in sorted(load_registry().models.items())]
    if as_json:
        print_json([fields(record) for record in records])
    else:
        print_table(
            ["model", "summary", "paper", "distribution"],
            [[record.spec.name, record.spec.summary, record.spec.paper, owner(record)] for record in records],
        )
