"""Published scores next to ours: `evidence/table.jsonl`, one object per row of `published.toml`, and a Markdown table.

python benchmarks/published_table.py    # writes evidence/table.jsonl; then: python benchmarks/page_tables.py
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from run_tables import span, table

from disentangle_eval.study.comparing import cell_of, column_of
from disentangle_eval.study.comparison import Cell
from disentangle_eval.study.runs import RunRecord, find_runs, newest_results
from disentangle_eval.training.folder import RunFolder

ROOT = Path(__file__).parents[1]
EVIDENCE = ROOT / "evidence"
TABLE = EVIDENCE / "table.jsonl"
FEWEST_SEEDS = 3


def row_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with what its study's trials scored at the row's snapshot; without trials, no values."""
    scored = [(run, result) for run in trials(row) for result in results_at(row, run) if counts(row, result)]
    if len({column_of(result).key for _, result in scored}) > 1:
        raise SystemExit(f"{row['title']}: scores of different settings or data in one row")
    cell = cell_of({run.seed: result for run, result in scored}) if scored else None
    return {
        **{name: row.get(name) for name in ("title", "study", "model", "dataset", "preset", "metric", "protocol")},
        "snapshot": f"highest {row['chosen_by']}" if "chosen_by" in row else "last",
        **{name: row.get(name) for name in ("published", "source", "goal")},
        **measured(cell),
        "iterations": one([run.iteration for run, _ in scored]),
        "precision": one([run.settings["precision"] for run, _ in scored]),
        "hardware": "; ".join(sorted({RunFolder(run.folder).read_run()["hardware"] for run, _ in scored})) or None,
        "scored_on": one([result["dataset"] for _, result in scored]),
        "command": f"deval study run benchmarks/studies/{row['study']}.toml",
    }


def trials(row: Mapping[str, Any]) -> list[RunRecord]:
    """The trials of a row's study that are of its model, preset and settings."""
    folder = EVIDENCE / "studies" / row["study"]
    if not folder.is_dir():
        return []
    return [
        run
        for run in find_runs([folder])
        if (run.model, run.dataset) == (row["model"], row["dataset"])
        and row.get("preset") in (None, run.settings.get("preset"))
        and all(run.config[name] == value for name, value in row.get("settings", {}).items())
    ]


def results_at(row: Mapping[str, Any], run: RunRecord) -> list[Mapping[str, Any]]:
    """A run's results at its last scored snapshot, or at that which the row's metric `chosen_by` scores highest."""
    if "chosen_by" not in row:
        return newest_results(run)
    chosen = max((result for result in run.results if result["metric"] == row["chosen_by"]), key=lambda r: r["value"])
    at = [result for result in run.results if result["iteration"] == chosen["iteration"]]
    return newest_results(replace(run, results=at))


def counts(row: Mapping[str, Any], result: Mapping[str, Any]) -> bool:
    """Whether a result is of the row's metric and protocol."""
    return (result["metric"], result["settings"]["protocol"]) == (row["metric"], row["protocol"])


def measured(cell: Cell | None) -> dict[str, Any]:
    """The scores by seed, and what follows from them."""
    if cell is None:
        return dict.fromkeys(("values", "scored_at", "mean", "standard_deviation", "interval", "chance"))
    return {
        "values": dict(cell.values),
        "scored_at": dict(cell.iterations),
        "mean": cell.mean,
        "standard_deviation": cell.standard_deviation,
        "interval": cell.interval,
        "chance": cell.chance,
    }


def one(found: list[Any]) -> Any:
    """The value that all trials share; None without trials."""
    different = sorted(set(found))
    if len(different) > 1:
        raise SystemExit(f"trials of one row differ: {different}")
    return different[0] if different else None


def markdown(rows: list[Mapping[str, Any]]) -> str:
    """A row per setting that has been trained, in the order of the file."""
    heads = ["model, data", "metric", "published", "ours: mean [95% interval]", "seeds", "chance", "iterations"]
    cells = [
        [
            f"{row['title']}, {row['dataset']}",
            f"`{row['metric']}` `{row['protocol']}`",
            "" if row["published"] is None else f"{row['published']:g}",
            interval(row),
            str(len(row["values"])),
            "" if row["chance"] is None else f"{row['chance']:.3f}",
            f"{row['iterations']:,} in {row['precision']}",
        ]
        for row in rows
        if is_shown(row)
    ]
    return table(heads, cells)


def commands(rows: list[Mapping[str, Any]]) -> str:
    """The source of each published number, and the command, data and hardware of ours."""
    heads = ["model, data", "published by", "scored on", "hardware", "command"]
    cells = [
        [
            f"{row['title']}, {row['dataset']}",
            row["source"] or "",
            row["scored_on"],
            row["hardware"],
            f"`{row['command']}`",
        ]
        for row in rows
        if is_shown(row)
    ]
    return table(heads, cells)


def by_seed(rows: list[Mapping[str, Any]]) -> str:
    """The scores of each seed of a study whose snapshots are chosen: at the last snapshot and at the chosen one."""
    last, chosen = (next(row for row in rows if (row["snapshot"] == "last") == is_last) for is_last in (True, False))
    heads = ["seed", "last snapshot", f"snapshot with the {chosen['snapshot']}", "its iteration"]
    cells = [
        [seed, f"{last['values'][seed]:.3f}", f"{value:.3f}", f"{chosen['scored_at'][seed]:,}"]
        for seed, value in chosen["values"].items()
    ]
    return table(heads, cells)


def is_shown(row: Mapping[str, Any]) -> bool:
    """Whether a row has enough seeds for a table; the interval of two is wider than the range of most scores."""
    return len(row["values"] or ()) >= FEWEST_SEEDS


def interval(row: Mapping[str, Any]) -> str:
    """The mean of the seeds with its interval, where there are several."""
    if row["interval"] is None:
        return f"{row['mean']:.3f}"
    return f"**{row['mean']:.3f}** {span(row['interval'])}"


def read(study: str) -> list[Mapping[str, Any]]:
    """The rows of a study, or of `all`."""
    rows = [json.loads(line) for line in TABLE.read_text(encoding="utf-8").splitlines()]
    return [row for row in rows if study in ("all", row["study"])]


def main() -> None:
    rows = tomllib.loads((Path(__file__).parent / "published.toml").read_text(encoding="utf-8"))["rows"]
    TABLE.write_text("".join(json.dumps(row_of(row)) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
