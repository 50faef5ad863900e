"""Every `deval` line that a page prints is one the command line accepts."""

import shlex

import click
import pytest
from doc_pages import PAGES, shell_lines

from disentangle_eval.cli.main import cli
from disentangle_eval.training.folder import RunFolder

LINES = sorted(
    {line for page in PAGES if page != "plugin-guide.md" for line in shell_lines(page) if line.startswith("deval ")}
)


@pytest.mark.parametrize("line", LINES)
def test_a_printed_command_is_accepted(line, monkeypatch):
    # Groups go on to the command they name; commands have parsed their options by then and do nothing.
    monkeypatch.setattr(click.Command, "invoke", lambda self, context: None)
    # `deval train --resume RUN` reads which model the run is of.
    monkeypatch.setattr(RunFolder, "read_run", lambda self: {"model": "vae"})
    # Commands on a checkpoint or another source look whether it is there.
    monkeypatch.setattr("disentangle_eval.opening.origins.find_checkpoint", lambda path: path)
    monkeypatch.setattr("disentangle_eval.sources.kinds.refuse_missing", lambda place: None)
    with cli.make_context("deval", shlex.split(line)[1:]) as context:
        cli.invoke(context)
