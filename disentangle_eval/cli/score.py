"""`deval score`: a checkpoint or a table of codes under a metric's protocol."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from disentangle_eval.errors import UsageError, one_line

if TYPE_CHECKING:
    from disentangle_eval.api import Subject
    from disentangle_eval.results import Result


@click.command()
@click.argument("checkpoint", required=False, type=click.Path(path_type=Path))
@click.option("--metric", "metrics", multiple=True, required=True, help="Metric to score; may be given more than once.")
@click.option("--protocol", "protocols", multiple=True, help="Named settings of the metric; may be given more than once.")
@click.option("--codes", type=click.Path(path_type=Path), help="Score a table of codes (.npz) instead of a checkpoint.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Fixes the metric's random draws.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--threads", type=click.IntRange(min=1), help="CPU threads.  [default: torch's]")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where original data sets lie.  [default: $DEVAL_DATA]")
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
    from disentangle_eval.scoring import measure, plan, refuse_unmet

    measurements = plan(metrics, protocols)
    if threads:
        import torch

        torch.set_num_threads(threads)
    subject, offered, about, folder = _table(codes) if codes else _model(checkpoint, device, data_dir)
    for measurement in measurements:
        refuse_unmet(measurement, offered, str(codes or checkpoint))
    for measurement in measurements:
        result = measure(measurement, subject, seed, about)
        if folder:
            _keep(folder, result)
        click.echo(result.to_json()) if as_json else _show(result)


Opened = tuple["Subject", frozenset[str], dict[str, Any], "Path | None"]


def _table(codes: Path | None) -> Opened:
    from disentangle_eval.checkpoint import sha256
    from disentangle_eval.metrics.codes import load_code_table
    from disentangle_eval.scoring import OFFERED_BY_CODES

    assert codes is not None
    table = load_code_table(codes)
    return table, OFFERED_BY_CODES, {"codes": str(codes), "codes_sha256": sha256(codes)}, None


def _model(checkpoint: Path | None, device: str, data_dir: Path | None) -> Opened:
    from disentangle_eval.api import Bottleneck, Encoder, Generator, Posterior
    from disentangle_eval.checkpoint import sha256
    from disentangle_eval.cli.dataset import open_dataset
    from disentangle_eval.cli.subject import find_run, open_model
    from disentangle_eval.metrics.codes import EncodedSubject

    assert checkpoint is not None
    opened = open_model(checkpoint, device)
    trained_on = opened.checkpoint.data
    data = open_dataset(trained_on["dataset"], data_dir).to(opened.device)
    if data.sha256 != trained_on["sha256"]:
        click.echo(f"warning: trained on {trained_on['name']}, scored on {data.name}: other images", err=True)
    capabilities = {"encoder": Encoder, "generator": Generator, "posterior": Posterior, "prior": Generator}
    offered = {need for need, protocol in capabilities.items() if isinstance(opened.model, protocol)} | {"images"}
    if data.factors is not None:
        offered.add("factors")
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
    run = find_run(opened.path)
    return EncodedSubject(opened.model, data), frozenset(offered), about, run.results if run else None


def _keep(results: Path, result: Result) -> None:
    from disentangle_eval.files import writing
    from disentangle_eval.results import append

    with writing(results):
        append(results, result)


def _show(result: Result) -> None:
    """The score, what it is measured against and by what protocol, as a table."""
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if click.get_text_stream("stdout").isatty() else 120)
    subject = result.codes or f"{result.model} at iteration {result.iteration} on {result.dataset}"
    table = Table(title=one_line(f"{result.metric} ({result.settings['protocol']}) of {subject}"), title_justify="left")
    table.add_column("quantity")
    table.add_column("value", justify="right")
    table.add_row(f"{result.metric}", f"{result.value:.4f}", style="bold")
    if result.chance is not None:
        table.add_row("chance", f"{result.chance:.4f}")
    for name, value in result.details.items():
        if isinstance(value, float):
            table.add_row(name, f"{value:.4f}")
        elif not isinstance(value, list):
            table.add_row(name, str(value))
        elif not any(isinstance(item, list) for item in value):
            table.add_row(name, ", ".join(str(item) for item in value) or "none")
    table.add_row("seed", str(result.seed))
    table.add_row("seconds", f"{result.seconds:.1f}")
    console.print(table)
    for name, value in result.details.items():
        if isinstance(value, list) and any(isinstance(item, list) for item in value):
            console.print(_matrix(name, value, result))


def _matrix(name: str, rows: list[list[Any]], result: Result) -> Any:
    """A nested list as a table; the rows that hold only zeros are left out."""
    from rich.table import Table

    factors = result.details.get("factors", [])
    named = len(factors) == len(rows[0])
    table = Table(title=f"{name} by code dimension", title_justify="left")
    table.add_column("dimension", justify="right")
    for column in range(len(rows[0])):
        table.add_column(factors[column] if named else str(column), justify="right")
    for number, row in enumerate(rows):
        if any(row):
            table.add_row(str(number), *(str(item) for item in row))
    return table
