"""Training runs to their end and printing how they ended and what to type next."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from disentangle_eval.cli.echo import note, print_path, typed_plugins
from disentangle_eval.cli.errors import FAILURE, SIGNALLED, say
from disentangle_eval.following import follow_of
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.registry.names import parse_dataset
from disentangle_eval.running.opened import opened_runs
from disentangle_eval.running.trained import Ended, train_runs
from disentangle_eval.training.planning import Plan

if TYPE_CHECKING:
    from disentangle_eval.training.run import Run


def train_and_report(plans: Sequence[Plan], data_dir: Path | None, command: str) -> None:
    """Train runs that differ in their seed alone, in this process and in turn, and print where they are."""
    note(summary(plans))
    with opened_runs(plans, data_dir, command) as runs:
        if all(run.iteration >= run.iterations for run in runs):
            ended = Ended(None, {})
            note(f"already at iteration {runs[0].iteration:,}; --iterations N trains further")
        else:
            ended = train_runs(runs, follow=follow_of(plans[0].settings))
    report_end(runs, ended)


def summary(plans: Sequence[Plan]) -> str:
    """What is about to be trained, how long, by which preset, and where to."""
    first = plans[0]
    default = f"{first.cfg.default_preset} (the default)" if first.cfg.default_preset in first.cfg.presets else "none"
    preset = first.settings.preset or default
    folders = ", ".join(str(plan.folder.root) for plan in plans)
    return (
        f"{first.model} on {first.settings.dataset}: {first.cfg.iterations:,} iterations, "
        f"preset {preset}, on {first.settings.device}, in {folders}"
    )


def report_end(runs: Sequence[Run], ended: Ended) -> None:
    """Print each checkpoint on stdout, and on stderr what failed, how to go on and what to type next."""
    unfinished = [run for run in runs if run.iteration < run.iterations]
    for run in runs:
        if run.training.seed in ended.failures:
            continue
        if run in unfinished:
            folder = shlex.quote(str(run.folder.root))
            note(f"stopped at iteration {run.iteration}; continue with: deval train --resume {folder}{typed_plugins()}")
        if run not in unfinished or ended.signal is None:  # by `--patience`
            print_path(run.folder.checkpoint)
    for seed, failure in ended.failures.items():
        say("error", f"seed {seed}: {failure}")
    if ended.signal and unfinished:
        raise click.exceptions.Exit(SIGNALLED + ended.signal)
    if ended.failures:
        raise click.exceptions.Exit(FAILURE)
    checkpoints = shlex.join(str(run.folder.checkpoint) for run in runs)
    note(f"next: {next_command(runs[0])} {checkpoints}{typed_plugins()}")


def next_command(run: Run) -> str:
    """The command to type after training: a score that the model and the data set allow, or else a picture."""
    from disentangle_eval.latents import Categorical
    from disentangle_eval.metrics.subject import EncodedSubject

    subject = EncodedSubject(run.training.model, run.training.data)
    offered = subject.offered
    if {"encoder", "grid"} <= offered:
        return "deval score --metric factorvae"
    test = load_registry().find_dataset(parse_dataset(run.identity.dataset).name).spec.test
    if test and "encoder" in offered and any(isinstance(column, Categorical) for column in subject.code):
        return "deval score --metric cluster-accuracy"
    if "generator" in offered:
        return "deval sample"
    return "deval reconstruct" if "reconstructor" in offered else "deval traverse"
