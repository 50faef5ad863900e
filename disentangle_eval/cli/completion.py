"""`deval completion`: the line that makes a shell complete commands and the names of what is installed."""

from __future__ import annotations

import difflib

import click
from click.shell_completion import CompletionItem, get_completion_class

SHELLS = ("bash", "zsh", "fish")


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


def complete_datasets(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Names of data sets."""
    from disentangle_eval.registry.lookup import load_registry

    return matching(sorted(load_registry().datasets), begun)


def complete_metrics(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Names of metrics, also the last of several that commas separate."""
    from disentangle_eval.registry.lookup import load_registry

    first, comma, last = begun.rpartition(",")
    names = ["all", *sorted(load_registry().metrics)]
    return [CompletionItem(first + comma + item.value) for item in matching(names, last)]


def complete_one_metric(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Names of metrics."""
    from disentangle_eval.registry.lookup import load_registry

    return matching(sorted(load_registry().metrics), begun)


def complete_models(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Names of models."""
    from disentangle_eval.registry.lookup import load_registry

    return matching(sorted(load_registry().models), begun)


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
