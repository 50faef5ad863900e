"""`deval score`: a checkpoint or a table of codes under a metric's protocol."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from disentangle_eval.cli.arguments import data_dir_option, device_option
from disentangle_eval.cli.errors import say
from disentangle_eval.errors import UsageError

if TYPE_CHECKING:
    from disentangle_eval.api import Subject
    from disentangle_eval.cli.subject import OpenedModel
    from disentangle_eval.results import Result
    from disentangle_eval.scoring import Measurement
    from disentangle_eval.train.folder import RunFolder


@click.command()
@click.argument("checkpoint", required=False, type=click.Path(path_type=Path))
@click.option("--metric", "metrics", multiple=True, required=True, help="Metric to score; may be repeated.")
@click.option("--protocol", "protocols", multiple=True, help="Named settings of the metric; may be repeated.")
@click.option("--codes", type=click.Path(path_type=Path), help="Score a table of codes (.npz) instead of a checkpoint.")
@click.option("--dataset", help="Data set to score on.  [default: what the checkpoint was trained on, or its test set]")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Fixes every random draw.")
@device_option
@click.option("--threads", type=click.IntRange(min=1), help="CPU threads.  [default: torch's]")
@data_dir_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a metric on stdout and nothing else.")
def score(
    checkpoint: Path | None,
    metrics: tuple[str, ...],
    protocols: tuple[str, ...],
    codes: Path | None,
    dataset: str | None,
    seed: int,
    device: str,
    threads: int | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Score CHECKPOINT (a file, or a run folder's newest) with a metric, under a named protocol.

    Every score is shown with what a code that knows nothing would get. In a run folder each is also added to
    results.jsonl, one JSON object a line. `deval metrics` lists metrics and their protocols, the default first.
    """
    if (checkpoint is None) == (codes is None):
        received = "neither" if codes is None else "both"
        raise UsageError(f"score: received {received}, expected either a CHECKPOINT or --codes FILE.npz")
    if codes and dataset:
        raise UsageError(
            f"--dataset: received {dataset!r} beside --codes, whose images are encoded already; leave it out"
        )
    # Before anything slow: a misspelled metric is told at once.
    from disentangle_eval.cli.score_table import show
    from disentangle_eval.scoring import measure, plan, refuse_unmet

    measurements = plan(metrics, protocols)
    if threads:
        import torch

        torch.set_num_threads(threads)
    if codes:
        run, judged = None, [open_codes(codes)] * len(measurements)
    else:
        assert checkpoint is not None
        run, judged = open_checkpoint(checkpoint, measurements, dataset, device, data_dir)
    for measurement, opened in zip(measurements, judged, strict=True):
        refuse_unmet(measurement, opened.offered, opened.name)
    for measurement, opened in zip(measurements, judged, strict=True):
        result = measure(measurement, opened.subject(), seed, opened.about)
        if run:
            keep(run.results, result)
        click.echo(result.to_json()) if as_json else show(result)
    if run:
        draw_scores(run)


@dataclass(frozen=True)
class Opened:
    """A subject before anything is encoded: its name in messages, what it offers, and what results say of it.

    `subject` returns the same one each time, so that no image is encoded twice.
    """

    name: str
    offered: frozenset[str]
    about: Mapping[str, Any]
    subject: Callable[[], Subject]


def open_codes(path: Path) -> Opened:
    """A table of codes from a file."""
    from disentangle_eval.checkpoint import sha256
    from disentangle_eval.metrics.codes import load_code_table

    table = load_code_table(path)
    return Opened(str(path), table.offered, {"codes": str(path), "codes_sha256": sha256(path)}, lambda: table)


def open_checkpoint(
    path: Path, measurements: Sequence[Measurement], dataset: str | None, device: str, data_dir: Path | None
) -> tuple[RunFolder | None, list[Opened]]:
    """The run folder of a checkpoint and, for each measurement, its model on `dataset` or the default data set."""
    from disentangle_eval.cli.subject import find_run, open_model
    from disentangle_eval.scoring import scored_on

    opened = open_model(path, device)
    trained_on = opened.checkpoint.data["dataset"]
    names = [dataset or scored_on(measurement, trained_on) for measurement in measurements]
    by_name = {name: open_on(opened, name, data_dir) for name in dict.fromkeys(names)}
    return find_run(opened.path), [by_name[name] for name in names]


def open_on(opened: OpenedModel, dataset: str, data_dir: Path | None) -> Opened:
    """A model on a data set."""
    from disentangle_eval.checkpoint import sha256
    from disentangle_eval.cli.dataset import difference, open_dataset_for
    from disentangle_eval.metrics.codes import EncodedSubject
    from disentangle_eval.scoring import offered_by

    data = open_dataset_for(opened.checkpoint, dataset, data_dir).to(opened.device)
    if dataset == opened.checkpoint.data["dataset"] and (told := difference(data, opened.checkpoint)):
        say("warning", told)
    about = {
        "dataset": data.name,
        "dataset_sha256": data.sha256,
        "model": opened.name,
        "model_distribution": opened.checkpoint.model["distribution"],
        "model_version": opened.checkpoint.model["version"],
        "train_seed": opened.checkpoint.seed,
        "trained_on": opened.checkpoint.data["name"],
        "checkpoint": opened.path.name,
        "checkpoint_sha256": sha256(opened.path),
        "iteration": opened.checkpoint.iteration,
    }
    model: Any = opened.model
    subject = functools.cache(lambda: EncodedSubject(model, data))
    return Opened(f"{opened.path} on {data.name}", offered_by(model, data), about, subject)


def keep(results: Path, result: Result) -> None:
    """Add a result to a run folder's results.jsonl."""
    from disentangle_eval.files import writing
    from disentangle_eval.results import append

    with writing(results):
        append(results, result)


def draw_scores(run: RunFolder) -> None:
    """Plot the scores of a run anew."""
    from disentangle_eval.report.run_pictures import draw_run

    draw_run(run)
