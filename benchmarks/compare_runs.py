"""Plots one logged term of several runs over training.

Runs of one name are seeds of one model and share a colour.

    python benchmarks/compare_runs.py --out docs/results/infogan-mnist.png --term lower_bound_categorical \\
        --level 2.302585 --level-label "log 10" --label "bound on I(c; x) (nats)" --title "InfoGAN on MNIST" \\
        InfoGAN=evidence/runs/a InfoGAN=evidence/runs/b "plain GAN"=evidence/runs/c
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from disentangle_eval.report.comparison import comparison_figure
from disentangle_eval.report.style import save_figure
from disentangle_eval.training.folder import RunFolder, read_lines


def named_runs(pairs: list[str]) -> dict[str, RunFolder]:
    """NAME=FOLDER pairs as run folders by `NAME/k`, k counting the runs of a name."""
    seen: Counter[str] = Counter()
    runs = {}
    for pair in pairs:
        name, separator, folder = pair.partition("=")
        if not separator or not (Path(folder) / "run.json").is_file():
            raise SystemExit(f"received {pair!r}, expected NAME=FOLDER with the folder of a run")
        runs[f"{name}/{seen[name]}"] = RunFolder(Path(folder))
        seen[name] += 1
    return runs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", metavar="NAME=FOLDER")
    parser.add_argument("--out", type=Path, required=True, help="file for the plot, its format by the suffix")
    parser.add_argument("--term", required=True, help="the term of the log to plot")
    parser.add_argument("--label", default="", help="name of the term, with its unit")
    parser.add_argument("--level", type=float, help="a value the term cannot exceed, drawn dashed")
    parser.add_argument("--level-label", default="", help="name of that value")
    parser.add_argument("--title", default="", help="the runs, data and seeds")
    options = parser.parse_args()
    logs = {key: read_lines(folder.log) for key, folder in named_runs(options.runs).items()}
    level = None if options.level is None else (options.level, options.level_label)
    figure = comparison_figure(logs, options.term, options.label or options.term, level, options.title)
    if figure is None:
        raise SystemExit(f"--term: received {options.term!r}, which no log has")
    save_figure(options.out, figure)


if __name__ == "__main__":
    main()
