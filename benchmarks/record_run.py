"""Keeps the evidence of a finished, scored run in the docs.

Copies the run's record, log, speed and scores, draws its plots, samples, traversal and reconstructions, and writes the
tables a results page includes, so that no number on that page is typed in.

    python benchmarks/record_run.py runs/ibgan-dsprites-short-seed0 docs/results/ibgan-dsprites-short-seed0
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
from pathlib import Path

from disentangle_eval.cli.main import cli
from disentangle_eval.report.run_pictures import draw_run
from disentangle_eval.train.folder import RunFolder, read_lines

LOGS = ("run.json", "log.jsonl", "speed.jsonl", "results.jsonl")
PLOTS = ("bounds", "kl", "losses", "scores")
PROTOCOLS = ("dlib", "kim-mnih", "ib-gan")


def draw(folder: RunFolder, out: Path) -> None:
    """The plots of the run and what its newest checkpoint draws."""
    draw_run(folder)
    for name in PLOTS:
        picture = folder.pictures / f"{name}.png"
        if picture.exists():
            shutil.copy(picture, out / picture.name)
    for command in ("sample", "traverse", "reconstruct"):
        arguments = [command, str(folder.checkpoint), "--out", str(out / f"{command}.png")]
        cli.main(arguments, standalone_mode=False)


def facts(folder: RunFolder) -> str:
    """What was run, where and how long: a Markdown table."""
    run = folder.read_run()
    speeds = read_lines(folder.speed)
    rate = statistics.median(line["iterations_per_second"] for line in speeds)
    seconds = sum(window(speeds, i) / speeds[i]["iterations_per_second"] for i in range(len(speeds)))
    rows = {
        "command": f"`{run['settings']['command']}`",
        "data": f"{run['data']['name']}, sha256 {run['data']['sha256'][:12]}",
        "seed": run["seed"],
        "iterations": f"{speeds[-1]['iteration']:,}",
        "hardware": run["hardware"],
        "time": f"{seconds / 60:.0f} minutes, {rate:.1f} iterations/s (median; the machine did other work too)",
        "versions": ", ".join(f"{name} {version}" for name, version in run["versions"].items()),
    }
    return table(["", ""], [[name, str(value)] for name, value in rows.items()])


def window(speeds: list[dict], i: int) -> int:
    """The iterations of the i-th window."""
    return speeds[i]["iteration"] - (speeds[i - 1]["iteration"] if i else 0)


def scores(folder: RunFolder) -> str:
    """The last checkpoint's scores under each protocol: a Markdown table."""
    results = read_lines(folder.results)
    last = max(result["iteration"] for result in results)
    rows = []
    for result in newest(results):
        if result["iteration"] == last:
            details = result["details"]
            rows.append(
                [
                    f"`{result['settings']['protocol']}`",
                    f"**{result['value']:.4f}**",
                    f"{result['chance']:.3f}",
                    f"{details['train_accuracy']:.4f}",
                    f"{details['eval_accuracy']:.4f}",
                    ", ".join(map(str, details["active_dims"])) or "none",
                    str(result["seed"]),
                    f"{result['seconds']:.0f}",
                ]
            )
    heads = ["protocol", "score", "chance", "train accuracy", "eval accuracy", "active dimensions", "seed", "seconds"]
    return table(heads, rows)


def course(folder: RunFolder) -> str:
    """The scores and bounds at every scored iteration: a Markdown table."""
    results = newest(read_lines(folder.results))
    log = {line["iteration"]: line for line in read_lines(folder.log)}
    rows = []
    for iteration in sorted({result["iteration"] for result in results}):
        here = {r["settings"]["protocol"]: r for r in results if r["iteration"] == iteration}
        line = log.get(iteration)
        bounds = [f"{line[name]:.2f}" for name in ("lower_bound", "upper_bound")] if line else ["", ""]
        shown = [f"{here[protocol]['value']:.4f}" if protocol in here else "" for protocol in PROTOCOLS]
        rows.append([f"{iteration:,}", *shown, *bounds])
    return table(["iteration", *(f"`{protocol}`" for protocol in PROTOCOLS), "I_L (nats)", "I_U (nats)"], rows)


def newest(results: list[dict]) -> list[dict]:
    """One result an iteration, protocol and seed: the last one measured."""
    kept = {(result["iteration"], result["settings"]["protocol"], result["seed"]): result for result in results}
    return list(kept.values())


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
    main()
