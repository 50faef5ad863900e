"""`deval runs`: the runs below a folder."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import click

from disentangle_eval.cli.table import as_json_option, print_json, print_table
from disentangle_eval.errors import UsageError
from disentangle_eval.registry.names import parse_dataset
from disentangle_eval.study.runs import RunRecord, find_runs, labels_of_runs, name_of, newest_results

COLUMNS = ["run", "model and settings", "data", "seed", "iteration", "state", "scores"]


@click.command()
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@as_json_option
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values on stdout and nothing else.")
def runs(folders: tuple[Path, ...], as_json: bool, as_csv: bool) -> None:
    """List every run in or below FOLDERS [default: runs]: its model, data, seed, progress and newest scores."""
    if as_json and as_csv:
        raise UsageError("runs", received="--json and --csv", expected="at most one of them")
    found = find_runs(folders or (Path("runs"),))
    if as_json:
        print_json([described(run) for run in found])
        return
    rows = [row(run, label) for run, label in zip(found, labels_of_runs(found), strict=True)]
    if as_csv:
        csv.writer(sys.stdout, lineterminator="\n").writerows([COLUMNS, *rows])
    else:
        print_table(COLUMNS, rows)


def row(run: RunRecord, label: str) -> list[str]:
    """A run as a row of the table; of several draws of a score that of the lowest seed, as `deval compare` shows it."""
    results: dict[tuple[str, Any], dict[str, Any]] = {}
    for result in sorted(newest_results(run), key=lambda result: result["seed"]):
        results.setdefault((name_of(result), result.get("dataset")), dict(result))
    scores = (f"{name} {result['value']:.3f}" for (name, _), result in results.items())
    state = f"{run.state}: {run.failure}" if run.failure else run.state
    progress = f"{run.iteration:,} of {run.iterations:,}"
    data = parse_dataset(run.dataset).short
    return [str(run.folder), label, data, str(run.seed), progress, state, ", ".join(scores)]


def described(run: RunRecord) -> dict[str, Any]:
    """A run as plain data: what run.json says, its progress and its newest results."""
    return {
        "folder": str(run.folder),
        "model": run.model,
        "distribution": run.distribution,
        "version": run.version,
        "dataset": run.dataset,
        "seed": run.seed,
        "config": dict(run.config),
        "settings": dict(run.settings),
        "iteration": run.iteration,
        "iterations": run.iterations,
        "state": run.state,
        "failure": run.failure,
        "results": newest_results(run),
    }
