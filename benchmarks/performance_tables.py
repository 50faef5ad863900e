"""Writes the tables of docs/performance.md from the result lines.

python benchmarks/performance_tables.py evidence/benchmarks docs/performance
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from lines import Line, read
from record_run import table

# The machines of the page, each by the beginning of its processor's name.
PROCESSORS = {"xeon": "Intel(R) Xeon(R) Processor", "epyc": "AMD EPYC"}
# A comparison's question, and whether ours was set otherwise than by default.
COMPARISONS = {
    "peers": ("vs_peers", False),
    "side_by_side": ("vs_peers_side_by_side", False),
    "five_layers": ("vs_peers", True),
}


def newest(lines: Iterable[Line], key: Callable[[Line], tuple[Any, ...]]) -> list[Line]:
    """The last line of each key, in the order in which keys first came."""
    return list({key(line): line for line in lines}.values())


def peers(lines: Iterable[Line]) -> str:
    """A row a contestant: what it costs, and how many times as long as ours in the same run it takes."""

    def key(line: Line) -> tuple[Any, ...]:
        return line["model"], line["contestant"], line["precision"]

    precisions = ["float32", "bf16"]
    heads = ["model", "code", "parameters", "arithmetic", "ms an iteration", "CPU ms"]
    rows = []
    for line in newest(lines, key):
        wall, source = line["milliseconds"], line["source"]
        ratios = [line["times_ours"].get(precision) for precision in precisions]
        rows.append(
            [
                f"`{line['model']}`",
                line["contestant"] if source is None else named(source),
                f"{line['parameters']:,}",
                line["precision"],
                f"{wall['median']:.0f} ({wall['lower_quartile']:.0f} to {wall['upper_quartile']:.0f})",
                f"{line['cpu_milliseconds']['median']:.0f}",
                *("" if ratio is None else f"{ratio['wall']:.2f}" for ratio in ratios),
            ]
        )
    return table([*heads, *(f"times ours in {precision}" for precision in precisions)], rows)


def named(source: Line) -> str:
    if "repository" in source:
        return f"{source['repository']} at `{source['commit'][:7]}`"
    return f"{source['package']} {source['version']}"


def floors(lines: list[Line]) -> str:
    """A row a model and device: what an iteration executes, and the least time that takes."""
    heads = ["model", "GFLOP", "GB", "launches", "device", "arithmetic, ms", "traffic, ms", "launches, ms"]
    rows = []
    models = [line["model"] for line in lines]
    found = newest(lines, lambda line: (line["model"], line["hardware"]))
    for line in sorted(found, key=lambda line: models.index(line["model"])):
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


def variants(lines: Iterable[Line]) -> str:
    """A row a way to train: the time of one iteration of all its seeds."""
    rows = []
    for line in newest(lines, lambda line: (line["task"], line["variant"])):
        wall = line["milliseconds"]
        rows.append(
            [
                f"`{line['model']}`",
                str(line["seeds"]),
                line["variant"],
                f"{wall['median']:.0f} ({wall['lower_quartile']:.0f} to {wall['upper_quartile']:.0f})",
                f"{line['seed_iterations_per_second']:.1f}",
            ]
        )
    return table(["model", "seeds", "way", "ms an iteration of all", "seed-iterations/s"], rows)


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
    lines = read(results / "vs_peers.jsonl")
    compared = {
        f"{name}-{machine}.txt": peers(
            line
            for line in lines
            if line["hardware"].startswith(processor) and (line["question"], "--set" in line["command"]) == kind
        )
        for machine, processor in PROCESSORS.items()
        for name, kind in COMPARISONS.items()
    }
    return compared | {
        "floor.txt": floors(read(results / "floor.jsonl")),
        "variants.txt": variants(read(results / "suite_on_cpu.jsonl")),
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
