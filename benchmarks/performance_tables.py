"""Writes the tables of docs/performance.md from the result lines.

python benchmarks/performance_tables.py benchmarks/results docs/performance
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from record_run import table

Line = dict[str, Any]


def read(path: Path) -> list[Line]:
    return [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]


def newest(lines: Iterable[Line], key: Callable[[Line], tuple[Any, ...]]) -> list[Line]:
    """The last line of each key, in the order in which keys first came."""
    return list({key(line): line for line in lines}.values())


def peers(lines: list[Line], question: str) -> str:
    """A row a contestant: what it costs, and how many times as long as ours in the same run it takes."""

    def key(line: Line) -> tuple[Any, ...]:
        return line["model"], line["contestant"], line["precision"]

    heads = ["model", "code", "parameters", "arithmetic", "ms an iteration", "CPU ms", "times ours"]
    rows = []
    for line in newest((line for line in lines if line["question"] == question), key):
        wall, source = line["milliseconds"], line["source"]
        ratio = line["times_ours"].get("float32")
        rows.append(
            [
                f"`{line['model']}`",
                line["contestant"] if source is None else named(source),
                f"{line['parameters']:,}",
                line["precision"],
                f"{wall['median']:.0f} ({wall['lower_quartile']:.0f} to {wall['upper_quartile']:.0f})",
                f"{line['cpu_milliseconds']['median']:.0f}",
                "" if ratio is None else f"{ratio['wall']:.2f}",
            ]
        )
    return table(heads, rows)


def named(source: Line) -> str:
    if "repository" in source:
        return f"{source['repository']} at `{source['commit'][:7]}`"
    return f"{source['package']} {source['version']}"


def floors(lines: list[Line]) -> str:
    """A row a model and device: what an iteration executes, and the least time that takes."""
    heads = ["model", "GFLOP", "GB", "launches", "device", "arithmetic, ms", "traffic, ms", "launches, ms"]
    rows = []
    for line in newest(lines, lambda line: (line["model"], line["hardware"])):
        launches = line["launch_floor_ms"]
        rows.append(
            [
                f"`{line['model']}`",
                f"{line['flops'] / 1e9:.1f}",
                f"{line['bytes'] / 1e9:.2f}",
                str(line["launches"]),
                line["hardware"],
                f"{line['arithmetic_ms']['float32']:.3g}",
                f"{line['traffic_ms']:.3g}",
                "" if launches is None else f"{launches:.3g}",
            ]
        )
    return table(heads, rows)


def scaling(lines: list[Line]) -> str:
    """A row a length or number of seeds."""
    heads = ["model", "iterations", "seeds", "seconds", "CPU seconds"]
    rows = [
        [
            f"`{line['model']}`",
            str(line["iterations"]),
            str(line["seeds"]),
            f"{line['wall_seconds']['median']:.1f}",
            f"{line['cpu_seconds']['median']:.1f}",
        ]
        for line in newest(lines, lambda line: (line["question"], line.get("iterations"), line.get("seeds")))
        if line["question"] != "start"
    ]
    return table(heads, rows)


def tables(results: Path) -> dict[str, str]:
    """The text of each table by the name of its file."""
    compared = read(results / "vs_peers.jsonl")
    short = [line for line in compared if "bf16" in line["command"]]
    changed = [line for line in compared if "--set" in line["command"]]
    long = [line for line in compared if line not in short and line not in changed]
    return {
        "peers.txt": peers(long, "vs_peers"),
        "side_by_side.txt": peers(long, "vs_peers_side_by_side"),
        "bf16.txt": peers(short, "vs_peers"),
        "five_layers.txt": peers(changed, "vs_peers"),
        "floor.txt": floors(read(results / "floor.jsonl")),
        "scaling.txt": scaling(read(results / "scaling.jsonl")),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    options.out.mkdir(exist_ok=True)
    for name, text in tables(options.results).items():
        (options.out / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
