"""`deval completion`: the line that makes a shell complete commands and the names of what is installed."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Literal, TypeAlias

import click
from click.shell_completion import CompletionItem, get_completion_class

SHELLS = ("bash", "zsh", "fish")

# What Click asks for the rest of a word that has been begun.
Completer: TypeAlias = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the completion script of SHELL.

    To complete in every session, add `eval "$(deval completion bash)"` to ~/.bashrc, the same with zsh to ~/.zshrc, or
    `deval completion fish | source` to ~/.config/fish/config.fish.
    """
    from disentangle_eval.cli.main import COMPLETION, cli

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(cli, {}, "deval", COMPLETION).source())


def matching(names: list[str], begun: str) -> list[CompletionItem]:
    """Names that begin with what has been typed of one, or else the nearest."""
    begin = [name for name in names if name.startswith(begun)]
    return [CompletionItem(name) for name in begin or difflib.get_close_matches(begun, names)]


def complete_presets(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Presets of the model whose command it is."""
    from disentangle_eval.cli.train import ModelCommand

    return matching(sorted(context.command.config.presets), begun) if isinstance(context.command, ModelCommand) else []


def completing(kind: Literal["models", "datasets", "metrics"]) -> Completer:
    """Completes the names of what is installed of one kind."""

    def complete(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
        from disentangle_eval.registry.lookup import load_registry

        return matching(sorted(getattr(load_registry(), kind)), begun)

    return complete


complete_models = completing("models")
complete_datasets = completing("datasets")
complete_one_metric = completing("metrics")


def complete_metrics(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Names of metrics, also the last of several that commas separate."""
    from disentangle_eval.registry.lookup import load_registry

    first, comma, last = begun.rpartition(",")
    names = ["all", *sorted(load_registry().metrics)]
    return [CompletionItem(first + comma + item.value) for item in matching(names, last)]


def complete_protocols(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Protocols of the metrics typed so far, of all metrics before that; also the last of several."""
    from disentangle_eval.interface.listing import list_metrics

    protocols = {metric["name"]: metric["protocols"] or [] for metric in list_metrics()}
    typed = [name for name in context.params.get("metrics") or () if name in protocols]
    first, comma, last = begun.rpartition(",")
    names = dict.fromkeys(protocol for name in typed or protocols for protocol in protocols[name])
    return [CompletionItem(first + comma + item.value) for item in matching([*names], last)]


def complete_plugins(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Names of models, metrics and data sets."""
    from disentangle_eval.registry.lookup import load_registry

    registry = load_registry()
    return matching(sorted({*registry.models, *registry.metrics, *registry.datasets}), begun)


def complete_files(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Files and run folders."""
    return [CompletionItem(begun, type="file")]
