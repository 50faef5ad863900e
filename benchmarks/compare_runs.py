"""Sets finished, scored runs side by side: what was run, a plot of one logged term, and a table of all scores.

Runs of one name are seeds of one model: the table gives their mean, standard deviation and number. Scores of different
metrics, protocols or data never share a column.

    python benchmarks/compare_runs.py --out docs/results/mnist --term lower_bound_categorical --level 2.302585 \\
        --label "bound on I(c; x) (nats)" InfoGAN=runs/a InfoGAN=runs/b "plain GAN"=runs/c
"""

from __future__ import annotations

import argparse
import statistics
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

from record_run import iterations, newest, table, time_taken

from disentangle_eval.report.comparison import comparison_figure
from disentangle_eval.report.style import save_figure
from disentangle_eval.train.folder import RunFolder, read_lines


class Row(NamedTuple):
    """Scores that may share a row."""

    metric: str
    protocol: str
    dataset: str


class Score(NamedTuple):
    """What a run got, and what codes that know nothing would get, if the metric names it."""

    value: float
    chance: float | None


def named_runs(pairs: list[str]) -> dict[str, RunFolder]:
    """NAME=FOLDER pairs as run folders by `NAME/k`, k counting the runs of a name."""
    seen: Counter[str] = Counter()
    runs = {}
    for pair in pairs:
        name, separator, folder = pair.partition("=")
        if not separator or not RunFolder(Path(folder)).run.is_file():
            raise SystemExit(f"received {pair!r}, expected NAME=FOLDER with the folder of a run")
        runs[f"{name}/{seen[name]}"] = RunFolder(Path(folder))
        seen[name] += 1
    return runs


def last_results(folder: RunFolder) -> list[dict]:
    """The results of a run's last scored checkpoint."""
    results = newest(read_lines(folder.results))
    last = max((result["iteration"] for result in results), default=0)
    return [result for result in results if result["iteration"] == last]


def scores(measured: dict[str, dict[Row, Score]]) -> str:
    """A row a metric and protocol, a column a model: a Markdown table.

    Chance depends on the code under some protocols: it then stands in brackets behind each score.
    """
    names = list(dict.fromkeys(key.partition("/")[0] for key in measured))
    cells: dict[Row, dict[str, list[Score]]] = defaultdict(lambda: defaultdict(list))
    for key, scores_by_row in measured.items():
        for row, score in scores_by_row.items():
            cells[row][key.partition("/")[0]].append(score)
    rows = []
    for row, found in sorted(cells.items()):
        metric, protocol, dataset = row
        chances = {name: mean_chance(found[name]) for name in names if found[name]}
        shared = len(set(chances.values())) == 1
        values = [shown([score.value for score in found[name]]) for name in names]
        if not shared:
            values = [f"{value} ({chances[name]})" if value else "" for name, value in zip(names, values, strict=True)]
        chance = chances.popitem()[1] if shared else "in brackets"
        rows.append([f"`{metric}`", f"`{protocol}`", dataset, *values, chance])
    return table(["metric", "protocol", "data", *names, "chance"], rows)


def each_run(runs: dict[str, RunFolder], measured: dict[str, dict[Row, Score]]) -> str:
    """A row a run, a column a metric and protocol: a Markdown table."""
    columns = sorted({row for scores_by_row in measured.values() for row in scores_by_row})
    rows = []
    for key, folder in runs.items():
        run = folder.read_run()
        values = [shown([measured[key][column].value] if column in measured[key] else []) for column in columns]
        rows.append([key.partition("/")[0], f"`{run['settings']['command']}`", str(run["seed"]), *values])
    heads = [f"`{column.metric}` (`{column.protocol}`) on {column.dataset}" for column in columns]
    return table(["model", "command", "seed", *heads], rows)


def scores_of_run(folder: RunFolder, metrics: list[str]) -> dict[Row, Score]:
    """The scores of a run's last checkpoint, of all metrics where `metrics` names none.

    Several seeds of a metric's draws are one measurement, their mean.
    """
    results: dict[Row, list[dict]] = defaultdict(list)
    for result in last_results(folder):
        if not metrics or result["metric"] in metrics:
            results[Row(result["metric"], result["settings"]["protocol"], result["dataset"])].append(result)
    return {
        row: Score(
            statistics.fmean(result["value"] for result in drawn),
            None if drawn[0]["chance"] is None else statistics.fmean(result["chance"] for result in drawn),
        )
        for row, drawn in results.items()
    }


def mean_chance(scores: list[Score]) -> str:
    """What codes that know nothing would get, over the runs of a model; empty for a metric that names none."""
    chances = [score.chance for score in scores if score.chance is not None]
    return f"{statistics.fmean(chances):.3f}" if chances else ""


def facts(runs: dict[str, RunFolder]) -> str:
    """A row a run: what was run, where and how long. A Markdown table."""
    rows = []
    for key, folder in runs.items():
        run = folder.read_run()
        command, length = run["settings"]["command"], f"{iterations(folder):,}"
        rows.append([key.partition("/")[0], f"`{command}`", length, time_taken(folder), run["hardware"]])
    return table(["model", "command", "iterations", "time", "hardware"], rows)


def shown(values: list[float]) -> str:
    """One score as it is; several as mean, standard deviation and number."""
    if len(values) < 2:
        return "".join(f"{value:.4g}" for value in values)
    return f"{statistics.fmean(values):.4g} ± {statistics.stdev(values):.2g} of {len(values)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", metavar="NAME=FOLDER")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        help="OUT.txt, OUT-facts.txt, OUT-runs.txt and, with --term, OUT.png are written",
    )
    parser.add_argument("--metric", action="append", default=[], help="a metric to show; all when left out")
    parser.add_argument("--term", help="the term of the log to plot")
    parser.add_argument("--label", default="", help="what the term is, with its unit")
    parser.add_argument("--level", type=float, help="a value the term cannot exceed")
    options = parser.parse_args()
    runs = named_runs(options.runs)
    if options.term:
        logs = {key: read_lines(folder.log) for key, folder in runs.items()}
        figure = comparison_figure(logs, options.term, options.label or options.term, options.level)
        if figure is None:
            raise SystemExit(f"--term: received {options.term!r}, which no log has")
        save_figure(options.out.with_suffix(".png"), figure)
    measured = {key: scores_of_run(folder, options.metric) for key, folder in runs.items()}
    for name, text in (("facts", facts(runs)), ("runs", each_run(runs, measured))):
        options.out.with_name(f"{options.out.name}-{name}.txt").write_text(text, encoding="utf-8")
    text = scores(measured)
    options.out.with_suffix(".txt").write_text(text, encoding="utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()
