"""Scores of runs compared: a row per setting, intervals over seeds, paired differences and correlations."""

from __future__ import annotations

import itertools
import json
import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from disentangle_eval.errors import UsageError, did_you_mean
from disentangle_eval.intervals import mean_interval
from disentangle_eval.study.comparison import Cell, Column, Comparison, Correlation, Difference
from disentangle_eval.study.runs import (
    RunRecord,
    ascending,
    labels_of_runs,
    name_of,
    newest_results,
    run_folders,
    runs_named,
)

# A line of results.jsonl.
ResultLine: TypeAlias = Mapping[str, Any]


def compare(runs: Sequence[RunRecord]) -> Comparison:
    """The newest scores of runs, a row per setting.

    Runs that differ in nothing but their seed share a row. Scores whose metric, version, settings or data differ never
    share a column. `UsageError` where no run has a score.
    """
    if not runs:
        raise UsageError("runs", received="none", expected="at least one run folder")
    labels = labels_of_runs(runs)
    counted, notes = counted_runs(labels, runs)
    columns: dict[str, Column] = {}
    # By setting, column and training seed. Of several draws of a metric that of the lowest seed counts.
    found: dict[str, dict[str, dict[int, ResultLine]]] = defaultdict(lambda: defaultdict(dict))
    for label, run in counted:
        for result in run.results:
            column = column_of(result)
            columns.setdefault(column.key, column)
            found[label][column.key].setdefault(run.seed, result)
    if not columns:
        raise UsageError("compare: no run has a score", advice="score them first: deval score --metric NAME RUN...")
    titled, apart = with_titles(list(columns.values()))
    titles = {column.key: column.title for column in titled}
    rows = tuple(label for label in ascending(runs, labels) if label in found)
    cells = {row: {titles[key]: cell_of(results) for key, results in found[row].items()} for row in rows}
    by_title = {titles[key]: [result for row in rows for result in found[row].get(key, {}).values()] for key in columns}
    return Comparison(
        rows=rows,
        columns=tuple(titled),
        cells=cells,
        differences=differences_of(cells, titled),
        correlations=correlations_of(cells, titled),
        notes=(*notes, *early_notes(counted), *apart, *warning_notes(by_title)),
    )


def counted_runs(labels: Sequence[str], runs: Sequence[RunRecord]) -> tuple[list[tuple[str, RunRecord]], list[str]]:
    """The runs that count, one per setting and seed, with their settings and newest results; notes on the others."""
    counted: dict[tuple[str, int], RunRecord] = {}
    notes = []
    for label, run in zip(labels, runs, strict=True):
        results = sorted(newest_results(run), key=lambda result: int(result["seed"]))
        if not results:
            state = "" if run.state == "finished" else f" ({run.state})"
            notes.append(f"{label}, seed {run.seed}: no scores{state}")
        elif (label, run.seed) in counted:
            notes.append(f"{label}, seed {run.seed}: more than one run with scores; the first one counts")
        else:
            counted[label, run.seed] = replace(run, results=results)
    return [(label, run) for (label, _), run in counted.items()], notes


def compare_places(places: Sequence[tuple[str, Path]], metrics: Sequence[str] = ()) -> Comparison:
    """As `compare`, of the runs in or below folders, each with a name or an empty one; notes say what studies lack.

    `metrics`, each METRIC or METRIC:PROTOCOL, are those whose scores are compared, by default all.
    """
    runs = runs_named(places)
    comparison = compare(scored_by(runs, metrics) if metrics else runs)
    lacking = [note for _, folder in places for note in study_notes(folder)]
    return replace(comparison, notes=(*comparison.notes, *lacking))


def scored_by(runs: Sequence[RunRecord], metrics: Sequence[str]) -> list[RunRecord]:
    """Some runs with their scores by some metrics alone; `UsageError` for a metric by which none has a score."""
    known = {name for run in runs for result in run.results for name in names_of(result)}
    for metric in metrics:
        if metric not in known:
            expected = f"a metric of these runs' scores: {', '.join(sorted(known)) or 'none yet'}"
            raise UsageError("--metric", received=repr(metric), expected=expected, advice=did_you_mean(metric, known))
    return [replace(run, results=[result for result in run.results if names_of(result) & set(metrics)]) for run in runs]


def names_of(result: ResultLine) -> set[str]:
    """The names of a score: METRIC and METRIC:PROTOCOL."""
    return {result["metric"], name_of(result)}


def study_notes(folder: Path) -> list[str]:
    """Notes on a folder: of a study, the trials that have not begun and runs that are no longer trials of its file."""
    from disentangle_eval.study.running import StudyFolder

    study = StudyFolder(folder)
    if not study.file.is_file():
        return []
    name, trials = study.contents()
    begun = {path.name for path in run_folders(study.trials)} if study.trials.is_dir() else set()
    found = {"not begun": set(trials) - begun, "no longer in its file": begun - set(trials)}
    return [
        f"study {name!r}: {len(which)} trial{'s' * (len(which) > 1)} {what}" for what, which in found.items() if which
    ]


def early_notes(counted: Sequence[tuple[str, RunRecord]]) -> list[str]:
    """Notes on runs whose newest scores are from before the end of their training."""
    early: dict[tuple[str, str, int, int], list[int]] = defaultdict(list)
    for label, run in counted:
        metrics: dict[int, dict[str, None]] = defaultdict(dict)
        for result in run.results:
            metrics[result.get("iteration") or run.iterations][name_of(result)] = None
        for iteration, names in metrics.items():
            if iteration < run.iterations:
                which = f"{', '.join(names)} " if len(metrics) > 1 else ""
                early[label, which, iteration, run.iterations].append(run.seed)
    return [
        f"{label}, seed{'s' * (len(seeds) > 1)} {', '.join(map(str, sorted(seeds)))}: "
        f"{which}scored at iteration {iteration:,} of {iterations:,}"
        for (label, which, iteration, iterations), seeds in early.items()
    ]


def warning_notes(results: Mapping[str, Sequence[ResultLine]]) -> list[str]:
    """Each warning of the scores in a column, by its title, and how many of the scores have it."""
    notes = []
    for title, scored in results.items():
        warned = Counter(
            warning.removeprefix(f"{result['metric']}: ") for result in scored for warning in warnings_of(result)
        )
        notes += [f"{title}, {count} of {len(scored)}: {text}" for text, count in warned.items()]
    return sorted(notes)


def warnings_of(result: ResultLine) -> list[str]:
    """The warnings that a line of results.jsonl keeps; none in a line of an earlier state."""
    return [str(warning) for warning in result.get("warnings") or ()]


def column_of(result: ResultLine) -> Column:
    """The column that a line of results.jsonl belongs to."""
    names = ("metric", "metric_version", "settings", "dataset_sha256")
    return Column(
        metric=result["metric"],
        metric_version=result["metric_version"],
        protocol=str(result["settings"].get("protocol", "")),
        dataset=str(result.get("dataset") or ""),
        better=result["better"],
        key=json.dumps({name: result.get(name) for name in names}, sort_keys=True),
    )


def with_titles(columns: Sequence[Column]) -> tuple[list[Column], list[str]]:
    """The columns, sorted, each with a title of its own, and a line for each pair that looks alike but is not."""
    titled: list[Column] = []
    notes = []
    several = len({column.dataset for column in columns}) > 1
    taken: dict[str, Column] = {}
    for column in sorted(columns, key=lambda column: (column.metric, column.protocol, column.key)):
        parts = [column.metric, column.protocol]
        parts += [column.dataset] if several else []
        base = title = " ".join(part for part in parts if part)
        count = 1
        while title in taken:
            count += 1
            title = f"{base} ({count})"
        if count > 1:
            notes.append(f"{title} is apart from {base}: they differ in {difference_of(taken[base], column)}")
        taken[title] = column
        titled.append(replace(column, title=title))
    return titled, notes


def difference_of(first: Column, second: Column) -> str:
    """What two columns differ in: version, data or settings, by name."""
    one, other = json.loads(first.key), json.loads(second.key)
    differing = [name for name in ("metric_version", "dataset_sha256") if one[name] != other[name]]
    names = dict.fromkeys([*one["settings"], *other["settings"]])
    differing += [name for name in names if one["settings"].get(name) != other["settings"].get(name)]
    return ", ".join(differing)


def cell_of(results: Mapping[int, ResultLine]) -> Cell:
    """The scores of one setting under one column, from its results by training seed."""
    by_seed = dict(sorted(results.items()))
    values = {seed: float(result["value"]) for seed, result in by_seed.items()}
    numbers = list(values.values())
    chances = {seed: result.get("chance") for seed, result in by_seed.items()}
    known = [chance for chance in chances.values() if chance is not None]
    return Cell(
        values=values,
        iterations={seed: result.get("iteration") for seed, result in by_seed.items()},
        mean=statistics.fmean(numbers),
        standard_deviation=statistics.stdev(numbers) if len(numbers) > 1 else None,
        interval=mean_interval(numbers),
        chances=chances,
        chance=statistics.fmean(known) if known else None,
    )


def differences_of(cells: Mapping[str, Mapping[str, Cell]], columns: Sequence[Column]) -> tuple[Difference, ...]:
    """Paired differences of every two settings that share at least two seeds."""
    differences = []
    for column in columns:
        having = [row for row in cells if column.title in cells[row]]
        for first, second in itertools.combinations(having, 2):
            one, other = cells[first][column.title].values, cells[second][column.title].values
            shared = sorted(set(one) & set(other))
            values = [one[s] - other[s] for s in shared]
            interval = mean_interval(values)
            if interval is None:  # fewer than two seeds
                continue
            differences.append(
                Difference(
                    first=first,
                    second=second,
                    column=column.title,
                    seeds=tuple(shared),
                    mean=statistics.fmean(values),
                    interval=interval,
                )
            )
    return tuple(differences)


def correlations_of(cells: Mapping[str, Mapping[str, Cell]], columns: Sequence[Column]) -> tuple[Correlation, ...]:
    """Correlations of every two columns over the runs that both score, where there are three or more and they vary."""
    correlations = []
    for first, second in itertools.combinations([column.title for column in columns], 2):
        pairs = [
            (row[first].values[s], row[second].values[s])
            for row in cells.values()
            if first in row and second in row
            for s in row[first].values
            if s in row[second].values
        ]
        x, y = (np.array(side) for side in zip(*pairs, strict=True)) if pairs else (np.empty(0), np.empty(0))
        if len(pairs) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
            continue
        from scipy import stats  # a second that most comparisons need not wait

        found = [float(test(x, y).statistic) for test in (stats.pearsonr, stats.spearmanr, stats.kendalltau)]
        if all(map(math.isfinite, found)):
            pearson, spearman, kendall = found
            correlations.append(
                Correlation(
                    first=first, second=second, runs=len(pairs), pearson=pearson, spearman=spearman, kendall=kendall
                )
            )
    return tuple(correlations)
