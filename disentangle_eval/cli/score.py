"""`deval score`: a checkpoint or a table of codes under a metric's protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from disentangle_eval.cli.errors import say
from disentangle_eval.errors import UsageError

if TYPE_CHECKING:
    from disentangle_eval.api import Subject
    from disentangle_eval.results import Result
    from disentangle_eval.train.folder import RunFolder


@click.command()
@click.argument("checkpoint", required=False, type=click.Path(path_type=Path))
@click.option("--metric", "metrics", multiple=True, required=True, help="Metric to score; may be repeated.")
@click.option("--protocol", "protocols", multiple=True, help="Named settings of the metric; may be repeated.")
@click.option("--codes", type=click.Path(path_type=Path), help="Score a table of codes (.npz) instead of a checkpoint.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Fixes every random draw.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--threads", type=click.IntRange(min=1), help="CPU threads.  [default: torch's]")
@click.option(
    "--data-dir", type=click.Path(path_type=Path), help="Where original data sets lie.  [default: $DEVAL_DATA]"
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a metric on stdout and nothing else.")
def score(
    checkpoint: Path | None,
    metrics: tuple[str, ...],
    protocols: tuple[str, ...],
    codes: Path | None,
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
    # Before anything slow: a misspelled metric is told at once.
    from disentangle_eval.cli.score_table import show
    from disentangle_eval.scoring import measure, plan, refuse_unmet

    measurements = plan(metrics, protocols)
    if threads:
        import torch

        torch.set_num_threads(threads)
    opened = open_codes(codes) if codes else open_checkpoint(checkpoint, device, data_dir)
    for measurement in measurements:
        refuse_unmet(measurement, opened.offered, str(codes or checkpoint))
    subject = opened.subject()
    for measurement in measurements:
        result = measure(measurement, subject, seed, opened.about)
        if opened.run:
            keep(opened.run.results, result)
        click.echo(result.to_json()) if as_json else show(result)
    if opened.run:
        draw_scores(opened.run)


@dataclass(frozen=True)
class Opened:
    """A subject before anything is encoded: what it offers, what results say of it, and the run they are kept in."""

    offered: frozenset[str]
    about: Mapping[str, Any]
    run: RunFolder | None
    subject: Callable[[], Subject]


def open_codes(path: Path) -> Opened:
    """A table of codes from a file."""
    from disentangle_eval.checkpoint import sha256
    from disentangle_eval.metrics.codes import load_code_table
    from disentangle_eval.scoring import OFFERED_BY_CODES

    table = load_code_table(path)
    return Opened(OFFERED_BY_CODES, {"codes": str(path), "codes_sha256": sha256(path)}, None, lambda: table)


def open_checkpoint(path: Path | None, device: str, data_dir: Path | None) -> Opened:
    """A model with the data set it was trained on; its results are kept in its run folder."""
    from disentangle_eval.checkpoint import sha256
    from disentangle_eval.cli.dataset import difference, open_dataset_of
    from disentangle_eval.cli.subject import find_run, open_model
    from disentangle_eval.metrics.codes import EncodedSubject
    from disentangle_eval.scoring import offered_by

    assert path is not None
    opened = open_model(path, device)
    data = open_dataset_of(opened.checkpoint, data_dir).to(opened.device)
    if told := difference(data, opened.checkpoint):
        say("warning", told)
    about = {
        "dataset": data.name,
        "dataset_sha256": data.sha256,
        "model": opened.name,
        "model_distribution": opened.checkpoint.model["distribution"],
        "model_version": opened.checkpoint.model["version"],
        "train_seed": opened.checkpoint.seed,
        "checkpoint": opened.path.name,
        "checkpoint_sha256": sha256(opened.path),
        "iteration": opened.checkpoint.iteration,
    }
    model: Any = opened.model
    return Opened(offered_by(model, data), about, find_run(opened.path), lambda: EncodedSubject(model, data))


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
