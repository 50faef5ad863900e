"""Keeps the evidence of a finished, scored run in the docs.

Copies the run's record, log, speed and scores, draws its plots, samples, traversal and reconstructions, and writes the
tables a results page includes, so that no number on that page is typed in.

    python benchmarks/record_run.py runs/ibgan-dsprites-short-seed0 evidence/runs/ibgan-dsprites-short-seed0
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
from collections import defaultdict
from pathlib import Path

from disentangle_eval.api import Generator, Reconstructor, Traversable
from disentangle_eval.checkpoint import load
from disentangle_eval.cli.main import cli
from disentangle_eval.errors import DevalError
from disentangle_eval.opening import restore_model
from disentangle_eval.report.run_pictures import draw_run
from disentangle_eval.train.folder import RunFolder, read_lines

LOGS = ("run.json", "log.jsonl", "speed.jsonl", "results.jsonl")
PLOTS = ("bounds", "kl", "losses", "scores", "confusion")
DRAWINGS = {"sample": Generator, "traverse": Traversable, "reconstruct": Reconstructor}


def draw(folder: RunFolder, out: Path) -> None:
    """The plots of the run and what its newest checkpoint draws."""
    draw_run(folder)
    for name in PLOTS:
        picture = folder.pictures / f"{name}.png"
        if picture.exists():
            shutil.copy(picture, out / picture.name)
    model = restore_model(load(folder.checkpoint))
    for command, ability in DRAWINGS.items():
        if isinstance(model, ability):
            cli.main([command, str(folder.checkpoint), "--out", str(out / f"{command}.png")], standalone_mode=False)


def facts(folder: RunFolder) -> str:
    """What was run, where and how long: a Markdown table."""
    run = folder.read_run()
    rows = {
        "command": f"`{run['settings']['command']}`",
        "data": f"{run['data']['name']}, sha256 {run['data']['sha256'][:12]}",
        "seed": run["seed"],
        "iterations": f"{iterations(folder):,}",
        "hardware": run["hardware"],
        "time": f"{time_taken(folder)} (median; the machine did other work too)",
        "versions": ", ".join(f"{name} {version}" for name, version in run["versions"].items()),
    }
    return table(["", ""], [[name, str(value)] for name, value in rows.items()])


def iterations(folder: RunFolder) -> int:
    """How many iterations were run."""
    last: int = read_lines(folder.speed)[-1]["iteration"]
    return last


def time_taken(folder: RunFolder) -> str:
    """Minutes of training, and the median speed."""
    speeds = read_lines(folder.speed)
    rate = statistics.median(line["iterations_per_second"] for line in speeds)
    seconds = sum(window(speeds, i) / speeds[i]["iterations_per_second"] for i in range(len(speeds)))
    return f"{seconds / 60:.0f} minutes, {rate:.1f} iterations/s"


def window(speeds: list[dict], i: int) -> int:
    """The iterations of the i-th window."""
    return speeds[i]["iteration"] - (speeds[i - 1]["iteration"] if i else 0)


def scores(folder: RunFolder) -> str:
    """The last checkpoint's scores, one a metric and protocol: a Markdown table."""
    results = read_lines(folder.results)
    last = max(result["iteration"] for result in results)
    rows = [
        [
            f"`{result['metric']}`",
            f"`{result['settings']['protocol']}`",
            result["dataset"],
            f"**{number(result['value'])}**",
            result["better"],
            "" if result["chance"] is None else f"{result['chance']:.3f}",
            str(result["seed"]),
            f"{result['seconds']:.1f}",
        ]
        for result in newest(results)
        if result["iteration"] == last
    ]
    return table(["metric", "protocol", "data", "score", "better", "chance", "seed", "seconds"], rows)


def number(value: float) -> str:
    """Four digits behind the point, or two that count where those would be none."""
    return f"{value:.4f}" if value == 0 or abs(value) >= 1e-3 else f"{value:.2g}"


def course(folder: RunFolder) -> str:
    """The scores under every protocol that was scored more than once, and the bounds: a Markdown table."""
    results = newest(read_lines(folder.results))
    log = {line["iteration"]: line for line in read_lines(folder.log)}
    found: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    for result in results:
        found[result["metric"], result["settings"]["protocol"]][result["iteration"]] = result["value"]
    columns = {key: values for key, values in found.items() if len(values) > 1}
    if not columns:
        return "No score was followed over training.\n"
    terms = {
        head: name
        for head, name in {"I_L (nats)": "lower_bound", "I_U (nats)": "upper_bound"}.items()
        if any(name in line for line in log.values())
    }
    rows = [
        [
            f"{iteration:,}",
            *(f"{values[iteration]:.4f}" if iteration in values else "" for values in columns.values()),
            *(f"{log[iteration][name]:.2f}" if iteration in log else "" for name in terms.values()),
        ]
        for iteration in sorted({iteration for values in columns.values() for iteration in values})
    ]
    return table(["iteration", *(f"`{metric}` (`{protocol}`)" for metric, protocol in columns), *terms], rows)


def newest(results: list[dict]) -> list[dict]:
    """One result an iteration, metric, protocol, data set and seed: the last one measured."""
    keys = [(r["iteration"], r["metric"], r["settings"]["protocol"], r["dataset"], r["seed"]) for r in results]
    return list(dict(zip(keys, results, strict=True)).values())


def table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="the run folder")
    parser.add_argument("out", type=Path, help="where the evidence goes")
    options = parser.parse_args()
    folder = RunFolder(options.run)
    options.out.mkdir(parents=True, exist_ok=True)
    for name in LOGS:
        shutil.copy(folder.root / name, options.out / name)
    draw(folder, options.out)
    for name, text in (("facts", facts(folder)), ("scores", scores(folder)), ("course", course(folder))):
        (options.out / f"{name}.txt").write_text(text, encoding="utf-8")
    print(json.dumps({"kept": str(options.out), "files": len(list(options.out.iterdir()))}))


if __name__ == "__main__":
    try:
        main()
    except DevalError as error:
        raise SystemExit(str(error)) from None
