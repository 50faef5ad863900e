"""`deval score`: a model, a table of codes or finished images under a metric's protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from disentangle_eval.cli.arguments import (
    data_dir_option,
    dataset_option,
    device_option,
    known_datasets,
    known_metrics,
    split_at_commas,
    threads_option,
)
from disentangle_eval.cli.completion import complete_datasets, complete_files, complete_metrics, complete_protocols
from disentangle_eval.cli.echo import note
from disentangle_eval.cli.errors import say
from disentangle_eval.errors import DevalError, UsageError, describe

if TYPE_CHECKING:
    from disentangle_eval.api import Subject
    from disentangle_eval.opening.subjects import OpenedSubject
    from disentangle_eval.results import Result
    from disentangle_eval.scoring.measurements import Measurement
    from disentangle_eval.training.folder import RunFolder


@click.command()
@click.argument("sources", nargs=-1, metavar="SOURCE...", shell_complete=complete_files)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    callback=known_metrics,
    shell_complete=complete_metrics,
    help="Metrics, such as `mig,sap`; `all` means every one that reads codes alone; may be repeated.",
)
@click.option(
    "--protocol",
    "protocols",
    multiple=True,
    callback=split_at_commas,
    shell_complete=complete_protocols,
    help="Named settings, such as `dlib,ib-gan`, of the metrics that have them; others take their default. May be "
    "repeated.",
)
@click.option(
    "--set", "changes", multiple=True, metavar="NAME=VALUE", help="Change one setting of the protocol; may be repeated."
)
@click.option(
    "--features",
    type=click.Path(path_type=Path),
    help="Feature extractor of fid, kid and prdc: a file, or dinov2-vit-l-14.",
)
@click.option(
    "--codes", multiple=True, type=click.Path(path_type=Path), help="Score a table of codes; the same as a SOURCE."
)
@click.option(
    "--samples",
    multiple=True,
    metavar="DATA",
    callback=known_datasets,
    shell_complete=complete_datasets,
    help="Score finished images, such as images:FOLDER, by fid, kid or prdc.",
)
@dataset_option("Data set to score on.  [default: what a checkpoint was trained on, or its test set]")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Fixes every random draw.")
@click.option(
    "--batch-statistics",
    type=click.Choice(["running", "clean"]),
    default="running",
    show_default=True,
    help="Statistics of batch normalisation: those of training, or new ones of clean images.",
)
@click.option(
    "--repeats",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Score with this many seeds, from --seed.",
)
@click.option("--again", is_flag=True, help="Compute scores that results.jsonl already has under the same settings.")
@device_option
@threads_option
@data_dir_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per score on stdout and nothing else.")
def score(
    sources: tuple[str, ...],
    metrics: tuple[str, ...],
    protocols: tuple[str, ...],
    changes: tuple[str, ...],
    features: Path | None,
    codes: tuple[Path, ...],
    samples: tuple[str, ...],
    dataset: str | None,
    seed: int,
    batch_statistics: str,
    repeats: int,
    again: bool,
    device: str,
    threads: int | Literal["auto"] | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Score each SOURCE with a metric, under a named protocol.

    A SOURCE is a checkpoint or a run folder, which means its newest checkpoint; with --dataset also an exported
    program (.pt2), TorchScript, ONNX, hf:NAME, a table of codes (.npz, .npy, .csv, .parquet, .h5) in the order of the
    data set's images, or mine:encoder, which is `encoder` of mine.py in the working folder: a module, a function, or
    what builds one without arguments. Settings after a question mark describe the images that a network
    expects: "enc.pt2?range=-1,1&channels=3&size=224".

    A score is shown with its chance level, that of an uninformative code, where it has one. Scores of a run are also
    added to its results.jsonl, one JSON object per line; a score that is there under the same settings, checkpoint,
    data and seed is shown again. If a metric fails, the others are still scored, and the exit code is not 0. `deval
    metrics` lists metrics and their protocols, the default first.
    """
    if not metrics:
        advice = "`deval metrics` lists all"
        raise UsageError(
            "--metric", received="none", expected="such as --metric factorvae or --metric all", advice=advice
        )
    if not sources and not codes and not samples:
        raise UsageError("score", received="nothing to score", expected="a SOURCE, or --samples DATA")
    # Before anything slow: a misspelt metric is refused at once.
    from disentangle_eval.cli.score_table import show_summary
    from disentangle_eval.runtime.host_memory import keep_freed_memory
    from disentangle_eval.scoring.measurements import plan
    from disentangle_eval.scoring.needs import can_serve, refuse_without_peers
    from disentangle_eval.sources.kinds import kind_of
    from disentangle_eval.sources.opened import open_samples, open_source
    from disentangle_eval.sources.settings import parse_source
    from disentangle_eval.sources.subjects import subjects_for, without_data

    statistics = {} if batch_statistics == "running" else {"batch_statistics": batch_statistics}
    measurements = plan(metrics, protocols, changed_settings(changes, features) | statistics)
    if len(sources) + len(codes) + len(samples) == 1:
        refuse_without_peers(measurements)
    for source in sources:
        # Before code of others is loaded and run.
        if dataset is None and kind_of(place := parse_source(source).place) == "program":
            raise without_data(place)
    keep_freed_memory()
    if threads:
        import torch

        from disentangle_eval.runtime.threads import free_threads

        torch.set_num_threads(free_threads() if threads == "auto" else threads)
    opened = [open_source(source, device) for source in (*sources, *map(str, codes))]
    opened += [open_samples(data, data_dir, device) for data in samples]
    rows = [subjects_for(source, measurements, dataset, data_dir) for source in opened]
    tasks = [
        Task(measurement, row[i], [other[i] for other in rows if other is not row])
        for row in rows
        for i, measurement in enumerate(measurements)
    ]
    # All are checked for what they need before the first one runs.
    served = list(compress(tasks, can_serve((task.measurement, task.subject(), task.opened.name) for task in tasks)))
    results, failures = run_tasks(served, range(seed, seed + repeats), as_json, again)
    if len(results) > 1 and not as_json:
        about = [opened for row in rows for opened in row if opened.run]
        show_summary(results, {one.about["checkpoint_sha256"]: one.run.root.resolve().name for one in about if one.run})
    for run in dict.fromkeys(opened.run for row in rows for opened in row if opened.run):
        draw_scores(run)
    if failures:
        raise click.exceptions.Exit(failures[0].exit_code)


@dataclass(frozen=True)
class Task:
    """One metric on one subject, next to the other subjects of the command."""

    measurement: Measurement
    opened: OpenedSubject
    peers: Sequence[OpenedSubject]

    def subject(self) -> Subject:
        """The subject, which knows its peers."""
        self.opened.subject.peers = [peer.subject for peer in self.peers]
        return self.opened.subject


def run_tasks(
    tasks: Sequence[Task], seeds: Sequence[int], as_json: bool, again: bool
) -> tuple[list[Result], list[DevalError]]:
    """All results, and the errors of metrics that failed, each of which is shown; the others are still scored."""
    from disentangle_eval.scoring.needs import is_left_out

    results: list[Result] = []
    failures: list[DevalError] = []
    for task in tasks:
        try:
            results += measure_repeatedly(task, seeds, as_json, again)
        except DevalError as error:
            if is_left_out(task.measurement, error):
                say("warning", f"{task.measurement.name} left out: {error}")
            elif len(tasks) == 1:
                raise
            else:
                say("error", f"{task.measurement.name} of {task.opened.name}: {error}")
                failures.append(error)
    return results, failures


def changed_settings(changes: Sequence[str], features: Path | None) -> dict[str, Any]:
    """The settings of `--set` and `--features`, as text; the metric's config reads them."""
    settings: dict[str, Any] = {}
    for change in changes:
        name, separator, value = change.partition("=")
        if not separator or not name:
            raise UsageError("--set", received=repr(change), expected="NAME=VALUE")
        settings[name.replace("-", "_")] = value
    return settings | ({"features": str(features)} if features else {})


def measure_repeatedly(task: Task, seeds: Sequence[int], as_json: bool, again: bool) -> list[Result]:
    """Score with each seed, show and keep every result, and show for several seeds their mean with its interval.

    A result that the run has already is shown as it is, unless `again`.
    """
    from disentangle_eval.cli.score_table import show, show_spread
    from disentangle_eval.results import recorded_lines, spread
    from disentangle_eval.scoring.keys import recorded_score
    from disentangle_eval.scoring.measuring import measure

    about, run = task.opened.about, task.opened.run
    recorded = recorded_lines(run.results) if run and not again else []
    results = []
    for seed in seeds:
        known = recorded_score(recorded, task.measurement, task.subject(), seed, about)
        result = known or measure(task.measurement, task.subject(), seed, about)
        results.append(result)
        click.echo(result.to_json()) if as_json else show(result)
        if known:
            note("scored before; --again scores anew")
        elif run:
            keep(run.results, result)
    summary = spread(results)
    if summary is not None:
        click.echo(summary.to_json()) if as_json else show_spread(summary)
    return results


def keep(path: Path, result: Result) -> None:
    """Add a result to a file, or warn that it could not be kept: it has been printed."""
    from disentangle_eval.results import append

    try:
        append(path, result)
    except (DevalError, OSError) as error:
        reason = error if isinstance(error, DevalError) else describe(error)
        say("warning", f"the score above was not kept: {reason}")


def draw_scores(run: RunFolder) -> None:
    """Plot the scores of a run anew, or warn that this is not possible."""
    from disentangle_eval.report import run_pictures

    try:
        run_pictures.draw_scores(run)
    except (DevalError, OSError) as error:
        say("warning", f"no pictures of the scores: {error if isinstance(error, DevalError) else describe(error)}")
