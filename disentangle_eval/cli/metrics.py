"""`deval metrics`: what can be scored."""

from __future__ import annotations

import click

from disentangle_eval.cli.table import as_json_option, fields, owner, print_json, print_table
from disentangle_eval.errors import DevalError
from disentangle_eval.registry.lookup import Registered, load_registry
from disentangle_eval.registry.specs import MetricSpec


@click.command()
@as_json_option
def metrics(as_json: bool) -> None:
    """List what can be scored, what it needs of a subject, and the protocols it is reported under, default first."""
    records = [record for _, record in sorted(load_registry().metrics.items())]
    if as_json:
        print_json([{**fields(record), "protocols": protocols(record)} for record in records])
    else:
        print_table(
            ["metric", "summary", "better", "needs", "protocols", "distribution"],
            [
                [
                    record.spec.name,
                    record.spec.summary,
                    record.spec.better,
                    ", ".join(sorted(record.spec.needs)),
                    _shown(protocols(record)),
                    owner(record),
                ]
                for record in records
            ],
        )


def protocols(record: Registered[MetricSpec]) -> list[str] | None:
    """The protocols of a metric, the default first; None where its settings cannot be imported."""
    try:
        return list(load_registry().resolve(record, "config").protocols)
    except (DevalError, AttributeError, TypeError):
        return None


def _shown(names: list[str] | None) -> str:
    return "cannot be imported" if names is None else ", ".join(names)
