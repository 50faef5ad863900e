"""`deval metrics`: what can be scored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from disentangle_eval.cli.completion import complete_one_metric
from disentangle_eval.cli.table import as_json_option, owner, print_json, print_table
from disentangle_eval.interface.listing import list_metrics
from disentangle_eval.registry.lookup import load_registry


@click.command()
@click.argument("name", required=False, shell_complete=complete_one_metric)
@as_json_option
def metrics(name: str | None, as_json: bool) -> None:
    """List the metrics, what each needs of model and data, and its protocols, the default first; with NAME, one metric
    and the settings of its protocols.
    """
    found = list_metrics()
    if name is not None:
        load_registry().find_metric(name)
        found = [metric for metric in found if metric["name"] == name]
    if as_json:
        print_json(found)
    elif name is not None:
        _print_one(found[0])
    else:
        print_table(
            ["metric", "summary", "better", "needs", "protocols", "distribution"],
            [
                [
                    metric["name"],
                    metric["summary"],
                    metric["better"],
                    ", ".join(metric["needs"]),
                    _protocols(metric),
                    owner(metric),
                ]
                for metric in found
            ],
        )


def _protocols(metric: Mapping[str, Any]) -> str:
    return "cannot be imported" if metric["protocols"] is None else ", ".join(metric["protocols"])


def _print_one(metric: Mapping[str, Any]) -> None:
    details = {
        "summary": metric["summary"],
        "better": metric["better"],
        "needs": ", ".join(metric["needs"]),
        "protocols": _protocols(metric),
        "from": owner(metric),
    }
    print_table(["", metric["name"]], [[what, text] for what, text in details.items() if text])
    by_protocol: Mapping[str, Mapping[str, Any]] = metric["settings"] or {}
    settings = next(iter(by_protocol.values()), {})
    if settings:
        click.echo()
        rows = [[name, *(_as_given(values[name]) for values in by_protocol.values())] for name in settings]
        print_table(["setting", *by_protocol], rows)


def _as_given(value: Any) -> str:
    """A value as `--set NAME=VALUE` takes it."""
    if value is None or isinstance(value, bool):
        return "none" if value is None else str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
