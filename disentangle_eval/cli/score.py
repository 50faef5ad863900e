"""`deval score`: a checkpoint or a table of codes under a metric's protocol."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from disentangle_eval.cli.arguments import data_dir_option, device_option
from disentangle_eval.cli.errors import say
from disentangle_eval.errors import UsageError

if TYPE_CHECKING:
    from disentangle_eval.opening import OpenedSubject
    from disentangle_eval.results import Result
    from disentangle_eval.scoring import Measurement


@click.command()
@click.argument("checkpoints", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--metric", "metrics", multiple=True, required=True, help="Metric to score, or `all`, every one that reads codes."
)
@click.option("--protocol", "protocols", multiple=True, help="Named settings of the metric; may be repeated.")
@click.option("--set", "changes", multiple=True, metavar="NAME=VALUE", help="Change one setting of the protocol.")
@click.option("--features", type=click.Path(path_type=Path), help="Feature extractor of fid, kid and prdc.")
@click.option(
    "--codes", multiple=True, type=click.Path(path_type=Path), help="Score a table of codes (.npz), not a checkpoint."
)
@click.option("--dataset", help="Data set to score on.  [default: what the checkpoint was trained on, or its test set]")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Fixes every random draw.")
@click.option(
    "--repeats",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Score with this many seeds, from --seed.",
)
@device_option
@click.option("--threads", type=click.IntRange(min=1), help="CPU threads.  [default: torch's]")
@data_dir_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a score on stdout and nothing else.")
def score(
    checkpoints: tuple[Path, ...],
    metrics: tuple[str, ...],
    protocols: tuple[str, ...],
    changes: tuple[str, ...],
    features: Path | None,
    codes: tuple[Path, ...],
    dataset: str | None,
    seed: int,
    repeats: int,
    device: str,
    threads: int | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Score CHECKPOINTS (files, or run folders, which stand for their newest) with a metric, under a named protocol.

    Every score is shown with what a code that knows nothing would get. In a run folder each is also added to
    results.jsonl, one JSON object a line. `deval metrics` lists metrics and their protocols, the default first.
    """
    if (not checkpoints) == (not codes):
        received = "neither" if not codes else "both"
        raise UsageError(f"score: received {received}, expected either a CHECKPOINT or --codes FILE.npz")
    if codes and dataset:
        raise UsageError(
            f"--dataset: received {dataset!r} beside --codes, whose images are encoded already; leave it out"
        )
    # Before anything slow: a misspelled metric is told at once.
    from disentangle_eval.cli.score_table import show_summary
    from disentangle_eval.opening import open_codes
    from disentangle_eval.scoring import plan

    measurements = plan(metrics, protocols, changed_settings(changes, features))
    if threads:
        import torch

        torch.set_num_threads(threads)
    if codes:
        judged = [[open_codes(path)] * len(measurements) for path in codes]
    else:
        judged = [open_checkpoint(path, measurements, dataset, device, data_dir) for path in checkpoints]
    todo = [
        (measurement, opened, [other[i] for other in judged if other is not row])
        for row in judged
        for i, (measurement, opened) in enumerate(zip(measurements, row, strict=True))
    ]
    todo = [(measurement, opened, peers) for measurement, opened, peers in todo if wanted(measurement, opened, peers)]
    results = [
        result
        for measurement, opened, peers in todo
        for result in measure_repeatedly(measurement, opened, peers, range(seed, seed + repeats), as_json)
    ]
    if len(results) > 1 and not as_json:
        show_summary(results)
    runs = dict.fromkeys(opened.run for row in judged for opened in row if opened.run)
    if runs:
        from disentangle_eval.report.run_pictures import draw_run

        for run in runs:
            draw_run(run)


def changed_settings(changes: Sequence[str], features: Path | None) -> dict[str, Any]:
    """The settings of `--set` and `--features`, as text; the metric's config reads them."""
    settings: dict[str, Any] = {}
    for change in changes:
        name, separator, value = change.partition("=")
        if not separator or not name:
            raise UsageError(f"--set: received {change!r}, expected NAME=VALUE")
        settings[name.replace("-", "_")] = value
    return settings | ({"features": str(features)} if features else {})


def wanted(measurement: Measurement, opened: OpenedSubject, peers: Sequence[OpenedSubject]) -> bool:
    """Whether the subject can be scored; `UsageError` where it cannot but was asked for, else a note."""
    from disentangle_eval.scoring import refuse_unmet, unmet

    offered = opened.subject.offered | ({"peers"} if peers else set())
    if measurement.asked:
        refuse_unmet(measurement, offered, opened.name)
    elif missing := unmet(measurement, offered):
        say("warning", f"{measurement.metric.spec.name} left out: {opened.name} has no {', '.join(missing)}")
        return False
    return True


def measure_repeatedly(
    measurement: Measurement, opened: OpenedSubject, peers: Sequence[OpenedSubject], seeds: Sequence[int], as_json: bool
) -> list[Result]:
    """Score with each seed, keep and show every result, and for several seeds their mean with its interval."""
    from disentangle_eval.cli.score_table import show, show_spread
    from disentangle_eval.results import append, spread
    from disentangle_eval.scoring import measure

    subject = opened.subject
    subject.peers = [peer.subject for peer in peers]
    results = []
    for seed in seeds:
        result = measure(measurement, subject, seed, opened.about)
        results.append(result)
        if opened.run:
            append(opened.run.results, result)
        click.echo(result.to_json()) if as_json else show(result)
    if len(results) > 1:
        summary = spread(results)
        click.echo(summary.to_json()) if as_json else show_spread(summary)
    return results


def open_checkpoint(
    path: Path, measurements: Sequence[Measurement], dataset: str | None, device: str, data_dir: Path | None
) -> list[OpenedSubject]:
    """For each measurement, the model of a checkpoint on `dataset` or the default data set."""
    from disentangle_eval.opening import open_dataset_for, open_model, open_subject
    from disentangle_eval.scoring import scored_on

    opened = open_model(path, device)
    trained_on = opened.origin.checkpoint.data["dataset"]
    names = [dataset or scored_on(measurement, trained_on) for measurement in measurements]
    data = {name: open_dataset_for(opened.origin, name, data_dir) for name in dict.fromkeys(names)}
    by_name = {name: open_subject(opened.model, images, opened.origin) for name, images in data.items()}
    return [by_name[name] for name in names]
