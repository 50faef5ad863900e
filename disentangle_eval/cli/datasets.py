"""`deval datasets`: what can be trained and scored on."""

from __future__ import annotations

import click

from disentangle_eval.cli.table import as_json_option, fields, owner, print_json, print_table
from disentangle_eval.registry import load_registry


@click.command()
@as_json_option
def datasets(as_json: bool) -> None:
    """List what can be trained and scored on. Kind "factors": every image has known factors."""
    records = [record for _, record in sorted(load_registry().datasets.items())]
    if as_json:
        print_json([fields(record) for record in records])
    else:
        print_table(
            ["dataset", "kind", "summary", "distribution"],
            [[record.spec.name, record.spec.kind, record.spec.summary, owner(record)] for record in records],
        )
