"""The command `deval`: which commands there are, and how a run of one begins and ends."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from disentangle_eval.cli.echo import PLUGIN_FILES
from disentangle_eval.cli.errors import DEBUG, flush_output, report, show_notices, shown_warnings
from disentangle_eval.cli.lazy import LazyCommand, LazyGroup
from disentangle_eval.runtime.progress_bar import shown_progress

COMMANDS = {
    "train": LazyCommand("disentangle_eval.cli.train", "Train a model on a data set."),
    "score": LazyCommand("disentangle_eval.cli.score", "Score a model, a network of your own or a table of codes."),
    "encode": LazyCommand("disentangle_eval.cli.encode", "Write the codes of every image of a data set to a file."),
    "export": LazyCommand("disentangle_eval.cli.export", "Write a model for use elsewhere, with a model card."),
    "sample": LazyCommand("disentangle_eval.cli.sample", "Draw images from a generator's prior."),
    "traverse": LazyCommand("disentangle_eval.cli.traverse", "Draw what each latent dimension changes."),
    "reconstruct": LazyCommand("disentangle_eval.cli.reconstruct", "Draw images above their reconstructions."),
    "calibrate": LazyCommand("disentangle_eval.cli.calibrate", "Estimate batch statistics anew on clean images."),
    "draw": LazyCommand("disentangle_eval.cli.draw", "Draw a checkpoint's codes, categories and interpolations."),
    "runs": LazyCommand("disentangle_eval.cli.runs", "List the runs below a folder, with progress and scores."),
    "compare": LazyCommand("disentangle_eval.cli.compare", "Compare scores over settings and seeds, with intervals."),
    "report": LazyCommand("disentangle_eval.cli.report", "Write one HTML page of runs: scores, curves, traversals."),
    "explore": LazyCommand("disentangle_eval.cli.explore", "Open a page on one checkpoint, with sliders."),
    "plot": LazyCommand("disentangle_eval.cli.plot", "Draw figures of many runs: curves, strips, scatters."),
    "study": LazyCommand("disentangle_eval.cli.study", "Run a file of models, settings and seeds."),
    "check": LazyCommand("disentangle_eval.cli.check", "Check that a model, metric or data set keeps its promises."),
    "new": LazyCommand("disentangle_eval.cli.new", "Write a plugin to start from, with tests."),
    "models": LazyCommand("disentangle_eval.cli.models", "List the models that can be trained."),
    "datasets": LazyCommand("disentangle_eval.cli.datasets", "List the data sets to train and score on."),
    "data": LazyCommand("disentangle_eval.cli.data", "Get, check, show and pack data sets."),
    "metrics": LazyCommand("disentangle_eval.cli.metrics", "List the metrics and their protocols."),
    "plugins": LazyCommand("disentangle_eval.cli.plugins", "List installed plugins and what is wrong with them."),
    "doctor": LazyCommand("disentangle_eval.cli.doctor", "Report what works here, and how to get what is missing."),
    "completion": LazyCommand("disentangle_eval.cli.completion", "Print the completion script of a shell."),
}

# Commands that show the progress of trainings themselves.
OWN_DISPLAY = (["train"], ["study"])

COMPLETION = "_DEVAL_COMPLETE"  # set by a shell that completes a command


def print_version(context: click.Context, parameter: click.Parameter, asked: bool) -> None:
    """The version, and those of everything else that can change a number."""
    if not asked or context.resilient_parsing:
        return
    import platform

    from disentangle_eval.runtime.versions import versions

    others = versions()
    click.echo(f"deval {others.pop('disentangle-eval')}")
    named = {**others, "python": platform.python_version()}
    click.echo(", ".join(f"{name} {number}" for name, number in named.items()))
    context.exit()


# Help is as wide as the terminal.
SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": shutil.get_terminal_size().columns}


@click.group(cls=LazyGroup, table=COMMANDS, context_settings=SETTINGS)
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error; may be anywhere.")
@click.option(
    "--plugins",
    multiple=True,
    metavar="FILE.py",
    expose_value=False,
    help="Load a plugin that is not installed; may be anywhere, and repeated.",
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=print_version,
    help="Show the version, and those of the packages that affect numbers.",
)
def cli() -> None:
    """Train and judge disentangled-representation models."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs one command and exits: 0 if it did its work, 2 for a mistake in what was typed, 1 for any other failure."""
    open_closed_streams()
    debug, rest = _take_debug(sys.argv[1:] if arguments is None else arguments)
    files, rest = _take_plugins(rest)
    sys.exit(_run(rest, debug, files))


def open_closed_streams() -> None:
    """Open the null device for closed standard streams (`2>&-`): the next file opened would take their number."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("r" if name == "stdin" else "w"))  # noqa: SIM115


def _run(arguments: list[str], debug: bool, files: Sequence[str] = ()) -> int:
    if instruction := os.environ.get(COMPLETION):
        from click.shell_completion import shell_complete

        return shell_complete(cli, {}, "deval", COMPLETION, instruction)
    show_notices()
    try:
        try:
            _load_plugin_files(files)
            shown = shown_progress(arguments[:1] not in OWN_DISPLAY)
            with shown_warnings(), shown, cli.make_context("deval", list(arguments), obj=arguments) as context:
                context.meta[DEBUG] = debug
                context.meta[PLUGIN_FILES] = files
                cli.invoke(context)
        finally:
            flush_output()
    except BaseException as error:
        return report(error, debug)
    return 0


def _take_debug(arguments: Sequence[str]) -> tuple[bool, list[str]]:
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options = [argument for argument in arguments[:end] if argument != "--debug"]
    return len(options) < end, [*options, *arguments[end:]]


def _take_plugins(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The files behind every `--plugins`, and the other arguments."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    files: list[str] = []
    rest: list[str] = []
    options = iter(arguments[:end])
    for argument in options:
        name, separator, value = argument.partition("=")
        if name != "--plugins":
            rest.append(argument)
        else:
            files.append(value if separator else next(options, ""))
    return files, [*rest, *arguments[end:]]


def _load_plugin_files(files: Sequence[str]) -> None:
    if not files:
        return
    from disentangle_eval.registry.lookup import load_registry
    from disentangle_eval.registry.manager import add_plugin_file

    for file in files:
        add_plugin_file(Path(file))
    load_registry.cache_clear()


if __name__ == "__main__":
    main()
