"""`deval study status`: how far every trial of a study is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from disentangle_eval.cli.table import as_json_option, print_json, print_table
from disentangle_eval.errors import warn
from disentangle_eval.study.missing import warn_of_missing
from disentangle_eval.study.reading import read_settings, read_study
from disentangle_eval.study.running import StudyFolder, TrialState, default_root, refuse_not_run, states_of


@click.command()
@click.argument("study", type=click.Path(path_type=Path))
@as_json_option
def status(study: Path, as_json: bool) -> None:
    """Show the progress of every trial of STUDY: its folder, or its file, for studies/NAME.

    A model, data set or metric whose plugin is no longer installed is named in a warning.
    """
    root = default_root(read_settings(study).name) if study.is_file() else study
    if study.is_file():
        refuse_not_run(study, root)
    states = states_of(StudyFolder(root))
    if study.is_file():
        warn_of_other_trials(study, states)
    warn_of_missing(state.trial for state in states)
    if as_json:
        print_json([described(state) for state in states])
        return
    print_table(
        ["trial", "iteration", "state"],
        [
            [
                state.trial.title,
                f"{iteration_of(state):,} of {state.trial.config['iterations']:,}",
                f"{state.state}: {state.cause}" if state.cause else state.state,
            ]
            for state in states
        ],
    )
    click.echo(", ".join(f"{count} {name}" for name, count in Counter(state.state for state in states).items()))


def warn_of_other_trials(file: Path, states: Sequence[TrialState]) -> None:
    """A warning where a folder holds other trials than a study's file has, such as of another study of that name."""
    wanted, present = {trial.folder for trial in read_study(file).trials}, {state.trial.folder for state in states}
    if wanted != present:
        warn(
            f"{file} has {len(wanted)} trials, {len(wanted & present)} of which are in its folder; what follows is the "
            f"progress of the {len(present)} trials that are there"
        )


def described(state: TrialState) -> dict[str, Any]:
    """A trial's progress as plain data."""
    return {
        "trial": state.trial.folder,
        "state": state.state,
        "iteration": iteration_of(state),
        "cause": state.cause,
    }


def iteration_of(state: TrialState) -> int:
    return state.run.iteration if state.run else 0
