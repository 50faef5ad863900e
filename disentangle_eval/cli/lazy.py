"""A group of commands that imports only the one that is run: help reads their summaries from a table."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click
from click.shell_completion import CompletionItem


@dataclass(frozen=True)
class LazyCommand:
    """Where a command is, and the line help prints about it. The module's attribute has the command's name."""

    module: str
    summary: str


class LazyGroup(click.Group):
    """A click group over a table of commands, listed in the order of the table."""

    def __init__(self, *args: Any, table: Mapping[str, LazyCommand], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.table:
            return None
        command = getattr(importlib.import_module(self.table[cmd_name].module), cmd_name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{self.table[cmd_name].module}.{cmd_name} is no click command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        # Click looks for the near name among commands that are already imported: none.
        if not ctx.resilient_parsing and args[0] not in self.table:
            near = difflib.get_close_matches(args[0].lower(), self.table, n=1)
            suggestion = f" Did you mean {near[0]!r}?" if near else f" Expected one of: {', '.join(self.table)}."
            raise click.UsageError(f"No such command {args[0]!r}.{suggestion}", ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        # Click's own imports every command that matches, to leave out hidden ones.
        names = [name for name in self.table if name.startswith(incomplete)]
        return [CompletionItem(name, help=self.table[name].summary) for name in names]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # Click's own imports every command for the first line of its docstring.
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.summary) for name, command in self.table.items()])
