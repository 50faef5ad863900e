"""`deval metrics`: what can be scored."""

from __future__ import annotations

import click

from disentangle_eval.cli.table import as_json_option, owner, print_json, print_table
from disentangle_eval.interface.listing import list_metrics


@click.command()
@as_json_option
def metrics(as_json: bool) -> None:
    """List the metrics, what each needs of model and data, and its protocols, the default first."""
    found = list_metrics()
    if as_json:
        print_json(found)
    else:
        print_table(
            ["metric", "summary", "better", "needs", "protocols", "distribution"],
            [
                [
                    metric["name"],
                    metric["summary"],
                    metric["better"],
                    ", ".join(metric["needs"]),
                    "cannot be imported" if metric["protocols"] is None else ", ".join(metric["protocols"]),
                    owner(metric),
                ]
                for metric in found
            ],
        )
