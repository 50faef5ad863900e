"""Printing paths and what follows from them, whatever their characters."""

from __future__ import annotations

import functools
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ParamSpec

import click

from disentangle_eval.errors import one_line
from disentangle_eval.registry.plugin_code import plugin_code
from disentangle_eval.runtime.threads import limit_threads

Parameters = ParamSpec("Parameters")

PLUGIN_FILES = "disentangle_eval.plugin_files"  # key in a context's `meta`: the files of `--plugins`


def print_path(path: Path | str) -> None:
    """Print a path on stdout: as it is for another program, on a terminal as one line without its codes."""
    text = str(path)
    click.echo(one_line(text) if sys.stdout.isatty() else text, color=True)


def prints_paths(body: Callable[Parameters, Iterator[Path | str]]) -> Callable[Parameters, None]:
    """Make the body of a command, which runs code of plugins and yields paths, print each path as it comes.

    What the body itself prints, such as a `print` in a plugin's model, goes to stderr.
    """

    @functools.wraps(body)
    def command(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        owner = f"a plugin that `{click.get_current_context().command_path}` uses"
        paths = body(*args, **kwargs)
        if "torch" in sys.modules:  # a limit of its own, which would be taken for a plugin's
            limit_threads()
        while True:
            with plugin_code(owner):
                path = next(paths, None)
            if path is None:
                return
            print_path(path)

    return command


def typed_plugins() -> str:
    """The `--plugins` of this command, as they follow another command that needs the same plugins; mostly empty."""
    context = click.get_current_context(silent=True)  # a process of one of several seeds has none
    files = context.find_root().meta.get(PLUGIN_FILES, ()) if context else ()
    return "".join(f" --plugins {shlex.quote(file)}" for file in files)


def note(text: str) -> None:
    """Print one line on stderr that is neither an error nor a warning."""
    click.echo(one_line(text), err=True)
