"""Markdown tables of what things cost, on the performance page and those of metrics, from the benchmarks' lines."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from lines import Line, read
from run_tables import table

# The machines of the page, each by the beginning of its processor's name. Lines of an older EPYC, without AVX-512, name
# no family.
PROCESSORS = {"xeon": "Intel(R) Xeon(R) Processor", "epyc": "AMD EPYC (family 25, model 17)"}
NAMES = {"Xeon": PROCESSORS["xeon"], "EPYC": PROCESSORS["epyc"]}
# A comparison's question, and whether ours was set otherwise than by default.
COMPARISONS = {
    "peers": ("vs_peers", False),
    "learned": ("vs_peers_learned", False),
    "side_by_side": ("vs_peers_side_by_side", False),
    "five_layers": ("vs_peers", True),
}

# What identifies a line of late_training.jsonl.
LATE = ("model", "precision", "after_iterations", "subnormals")
SAME = {True: "yes", False: "no", None: ""}

# Of the helps, those that the page shows.
START_UP_HELP = ("deval --help", "deval train --help", "deval train vae --help", "deval score --help")


def newest(lines: Iterable[Line], key: Callable[[Line], tuple[Any, ...]]) -> list[Line]:
    """The last line of each key, in the order in which keys first came."""
    return list({key(line): line for line in lines}.values())


def peers(lines: Iterable[Line]) -> str:
    """One row per contestant: its time, and that time over ours in the same run."""

    def key(line: Line) -> tuple[Any, ...]:
        return line["model"], line["contestant"], line["precision"]

    precisions = ["float32", "bf16"]
    heads = ["model", "code", "parameters", "arithmetic", "ms per iteration", "CPU ms"]
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
    return without_empty_columns([*heads, *(f"times ours in {precision}" for precision in precisions)], rows)


def overview(compared: Iterable[Line], floors: Iterable[Line]) -> str:
    """One row per model, CPU and precision of ours: both times, the least ratio, and the floor.

    `compared` are lines of `vs_peers.py`, `floors` of `floor.py`. CPUs without a floor are left out, unless all are.
    """
    lines = newest(compared, lambda line: (line["hardware"], line["model"], line["contestant"], line["precision"]))
    least = {(line["model"], line["hardware"]): line for line in floors}
    with_floor = {line["hardware"] for line in lines} & {hardware for _, hardware in least}
    lines = [line for line in lines if not with_floor or line["hardware"] in with_floor]
    rows = []
    for ours in (line for line in lines if line["source"] is None):
        model, hardware, precision = ours["model"], ours["hardware"], ours["precision"]
        others = [line for line in lines if (line["model"], line["hardware"]) == (model, hardware) and line["source"]]
        floor = least.get((model, hardware))
        rows.append(
            [
                f"`{model}`",
                machine_of(hardware),
                precision,
                f"{ours['milliseconds']['median']:.0f}",
                f"{min((line['milliseconds']['median'] for line in others), default=math.nan):.0f}",
                f"{min((line['times_ours'][precision]['wall'] for line in others), default=math.nan):.2f}",
                f"{floor['arithmetic_ms'][precision]:.0f}" if floor else "",
                f"{floor['traffic_ms'][precision]:.0f}" if floor else "",
                f"{floor['layers_ms'][precision]:.0f}" if floor and floor.get("layers_ms") else "",
            ]
        )
    heads = ["model", "CPU", "ours in", "ours, ms", "fastest other code, ms", "least ratio"]
    floors = ["floor of arithmetic, ms", "floor of traffic, ms", "layers alone, ms"]
    return without_empty_columns([*heads, *floors], rows)


def machine_of(hardware: str) -> str:
    """The page's name of a CPU, or its own."""
    named = (name for name, processor in NAMES.items() if hardware.startswith(processor))
    return next(named, hardware)


def layers(lines: Iterable[Line]) -> str:
    """One row per layer, of the first model that has it: GFLOP/s of each pass, and the best other form with its own.

    Layers that take less than a millisecond of an iteration are left out.
    """
    found: dict[tuple[str, str], dict[str, Line]] = {}
    for line in newest(lines, lambda line: (line["model"], line["kind"], line["layer"], line["pass"])):
        found.setdefault((line["kind"], line["layer"]), {}).setdefault(line["pass"], line)
    rows = []
    for (kind, layer), passes in found.items():
        if sum(line["calls"] * line["milliseconds"][line["used"]] for line in passes.values()) >= 1:
            cells = [rate(passes[name]) for name in ("output", "input", "weight")]
            rows.append([f"`{passes['output']['model']}`", kind, layer, *cells])
    return table(["model", "kind", "layer", "output", "gradient of input", "gradient of weight"], rows)


def rate(line: Line) -> str:
    rates, used = line["gflops"], line["used"]
    others = {form: value for form, value in rates.items() if form != used}
    best = max(others, key=lambda form: others[form])
    return f"{rates[used]:.0f} ({best} {others[best]:.0f})"


def gpu_floors(lines: list[Line]) -> str:
    """The iterations per second that the launches of an iteration allow on one H200."""
    rows = [
        [f"`{line['model']}`", str(line["launches"]), f"{1e3 / line['launch_floor_ms']:,.0f}"]
        for line in newest(lines, lambda line: (line["model"], line["hardware"]))
        if line["hardware"] == "NVIDIA H200"
    ]
    return table(["model", "launches per iteration", "iterations/s at most"], rows)


def named(source: Line) -> str:
    if "repository" in source:
        return f"{source['repository']} at `{source['commit'][:7]}`"
    return f"{source['package']} {source['version']}"


def floors(lines: list[Line]) -> str:
    """One row per model and device: what an iteration executes, and the least time that takes."""
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
                f"{line['bytes']['float32'] / 1e9:.2f}",
                str(line["launches"]),
                line["hardware"],
                f"{line['arithmetic_ms']['float32']:.3g}",
                f"{line['traffic_ms']['float32']:.3g}",
                "" if launches is None else f"{launches:.3g}",
            ]
        )
    return table(heads, rows)


def late_training(lines: Iterable[Line]) -> str:
    """One row per model, precision and point of its training: an iteration with subnormal numbers kept, and as zero.

    The last column is whether both have the same weights after some iterations.
    """
    lines = list(lines)
    equal = {tuple(line[key] for key in LATE[:-1]): line.get("weights_equal") for line in lines}
    found: dict[tuple[str, str, int], dict[str, str]] = {}
    for line in newest(lines, lambda line: tuple(line[key] for key in LATE)):
        time = line["cpu_milliseconds"]
        shown = f"{time['median']:.0f} ({time['lower_quartile']:.0f} to {time['upper_quartile']:.0f})"
        found.setdefault(tuple(line[key] for key in LATE[:-1]), {})[line["subnormals"]] = shown
    rows = [
        [f"`{point[0]}`", point[1], f"{point[2]:,}", times["kept"], times.get("zero", ""), SAME[equal[point]]]
        for point, times in found.items()
    ]
    return table(["model", "arithmetic", "after iterations", "kept", "as zero", "same weights"], rows)


def variants(lines: Iterable[Line]) -> str:
    """One row per way to train: the time of one iteration of all its seeds."""
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
    return table(["model", "seeds", "way", "ms per iteration of all", "seed-iterations/s"], rows)


def scaling(lines: list[Line]) -> str:
    """One row per length or number of seeds."""
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


def study_scaling(lines: list[Line]) -> str:
    """One row per number of trials and workers: what a trial costs."""
    heads = [
        "trials",
        "workers",
        "seconds",
        "CPU seconds per trial",
        "CPU seconds of the command",
        "cores of other work",
    ]
    rows = [
        [
            str(line["trials"]),
            str(line["workers"]),
            f"{line['seconds']:.0f}",
            f"{line['cpu_per_trial']:.1f}",
            f"{line['driver_cpu']:.2f}",
            f"{line['others']:.1f}",
        ]
        for line in newest(lines, lambda line: (line["trials"], line["workers"]))
    ]
    return table(heads, rows)


def start_up(lines: list[Line]) -> str:
    """One row per command: the processor seconds of its process, and their ratio to Python with Click."""
    rows = [
        [
            f"`{line['task']}`",
            f"{1e3 * line['seconds']:.0f}",
            f"{line['ratio_to_click']:.1f}",
            ", ".join(line["imported"]) or "neither",
        ]
        for line in newest(lines, lambda line: (line["task"],))
        if not line["task"].endswith(" --help") or line["task"] in START_UP_HELP
    ]
    return table(["process", "CPU ms", "times Python with Click", "imports torch or numpy"], rows)


def reference_costs(lines: Iterable[Line]) -> str:
    """One row per metric on two threads of the EPYC: its seconds, and the reference's on the same table of codes."""
    measured = [line for line in lines if line["hardware"].startswith(PROCESSORS["epyc"])]
    of_reference = {line["task"].split(" ")[0]: line for line in measured if line["task"].endswith(" reference")}
    ours = [line for line in measured if "chance" in line and not on_one_thread(line)]
    rows = []
    for line in newest(ours, lambda line: (line["task"],)):
        metric, protocol = line["task"].split(" ")
        reference = of_reference.get(metric)
        times = f"{reference['wall_seconds'] / line['wall_seconds']:.1f}" if reference else ""
        rows.append([f"`{metric}`", f"`{protocol}`", *costs(line), *costs(reference), times])
    heads = ["seconds", "CPU seconds", "reference, seconds", "reference, CPU seconds", "times ours"]
    return table(["metric", "protocol", *heads], sorted(rows))


def costs(line: Line | None) -> list[str]:
    """Wall and CPU seconds."""
    return [seconds(line["wall_seconds"]), seconds(line["cpu_seconds"])] if line else ["", ""]


def seconds(value: float) -> str:
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def on_one_thread(line: Line) -> bool:
    return ", 1 of " in str(line["hardware"])


def metric_costs(lines: Iterable[Line]) -> str:
    """One row per metric and protocol on one thread: its score of the table of codes, chance, and CPU seconds."""
    rows = []
    scored = (line for line in lines if "chance" in line and on_one_thread(line))
    for line in newest(scored, lambda line: (line["task"],)):
        metric, protocol = line["task"].split(" ")
        chance = "" if line["chance"] is None else f"{line['chance']:.3f}"
        rows.append([f"`{metric}`", f"`{protocol}`", f"{line['value']:.3f}", chance, f"{line['cpu_seconds']:.2f}"])
    return table(["metric", "protocol", "score", "chance", "CPU seconds"], sorted(rows))


def higgins_cost(lines: Iterable[Line]) -> str:
    """One row per protocol of the Higgins score: CPU seconds of its points and of its classifier."""
    rows = [
        [f"`{line['protocol']}`", f"{line['points_cpu_seconds']:.1f}", f"{line['classifier_cpu_seconds']:.1f}"]
        for line in newest(lines, lambda line: (line["protocol"],))
    ]
    return table(["protocol", "draws and distances", "classifier"], rows)


def compared_by_default(lines: Iterable[Line]) -> list[Line]:
    """Those in which ours has its own settings and all threads."""
    return [line for line in lines if (line["question"], "--set" in line["command"]) == COMPARISONS["peers"]]


def tables(results: Path) -> dict[tuple[str, str], str]:
    """Every table by its name and machine."""
    lines = read(results / "vs_peers.jsonl")
    compared = {
        (name, machine): peers(
            line
            for line in lines
            if line["hardware"].startswith(processor) and (line["question"], "--set" in line["command"]) == kind
        )
        for machine, processor in PROCESSORS.items()
        for name, kind in COMPARISONS.items()
    }
    measured = read(results / "layers.jsonl")
    of_layers = {
        ("layers", machine): layers(line for line in measured if line["hardware"].startswith(processor))
        for machine, processor in PROCESSORS.items()
    }
    return {
        **compared,
        **of_layers,
        ("overview", "all"): overview(compared_by_default(lines), read(results / "floor.jsonl")),
        ("gpu_floors", "all"): gpu_floors(read(results / "floor.jsonl")),
        ("floor", "all"): floors(read(results / "floor.jsonl")),
        ("late_training", "all"): late_training(read(results / "late_training.jsonl")),
        ("variants", "all"): variants(read(results / "suite_on_cpu.jsonl")),
        ("scaling", "all"): scaling(read(results / "scaling.jsonl")),
        ("study_scaling", "all"): study_scaling(read(results / "study_scaling.jsonl")),
        ("start_up", "all"): start_up(read(results / "import_time.jsonl")),
        ("reference_costs", "all"): reference_costs(read(results / "metrics.jsonl")),
        ("metric_costs", "all"): metric_costs(read(results / "metrics.jsonl")),
        ("higgins_cost", "all"): higgins_cost(read(results / "higgins_cost.jsonl")),
    }


def without_empty_columns(heads: list[str], rows: list[list[str]]) -> str:
    kept = [i for i in range(len(heads)) if any(row[i] for row in rows)]
    return table([heads[i] for i in kept], [[row[i] for i in kept] for row in rows])
