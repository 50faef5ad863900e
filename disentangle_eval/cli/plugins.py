"""`deval plugins`: what is installed, what it brings and what is wrong with it."""

from __future__ import annotations

import click

from disentangle_eval.cli.table import as_json_option, print_json, print_table
from disentangle_eval.registry.manager import NOUNS, Plugin, load_plugins
from disentangle_eval.registry.specs import DatasetSpec, MetricSpec, ModelSpec, Spec


@click.command()
@as_json_option
def plugins(as_json: bool) -> None:
    """List installed plugins, what each brings and what is wrong with it.

    With DEVAL_STRICT_PLUGINS=1 the first problem ends every command; add --debug for its traceback.
    """
    found = load_plugins()
    if as_json:
        print_json(
            [
                {
                    "distribution": plugin.distribution,
                    "version": plugin.version,
                    "entry_point": plugin.entry_point,
                    "module": plugin.module,
                    "models": _names(plugin, ModelSpec),
                    "datasets": _names(plugin, DatasetSpec),
                    "metrics": _names(plugin, MetricSpec),
                    "problems": [problem.cause for problem in plugin.problems],
                }
                for plugin in found
            ]
        )
    else:
        print_table(
            ["plugin", "distribution", "brings", "status"],
            [
                [
                    plugin.entry_point,
                    f"{plugin.distribution} {plugin.version}",
                    ", ".join(f"{NOUNS[type(spec)]} {spec.name}" for spec in plugin.specs) or "nothing",
                    "; ".join(problem.cause for problem in plugin.problems) or "ok",
                ]
                for plugin in found
            ],
        )


def _names(plugin: Plugin, kind: type[Spec]) -> list[str]:
    return [spec.name for spec in plugin.specs if isinstance(spec, kind)]
