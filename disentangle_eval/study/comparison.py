"""Scores of runs side by side, as data: a row per setting, a column per score, and what follows from them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from disentangle_eval.errors import UsageError

Form = Literal["markdown", "csv", "latex", "json"]


@dataclass(frozen=True, kw_only=True)
class Column:
    """Scores that may be compared: one metric and version, one setting of it, one data set.

    `title` has what distinguishes it from the other columns of a comparison.
    """

    metric: str
    metric_version: int
    protocol: str
    dataset: str
    better: str
    key: str
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A setting's scores under one column, by training seed, with their mean and its 95% confidence interval.

    `standard_deviation` and `interval` are None for a single seed. By training seed, `iterations` are those of the
    scored checkpoints, and `chances` the chance levels of the scores; `chance` is the mean of these.
    """

    values: Mapping[int, float]
    iterations: Mapping[int, int | None]
    chances: Mapping[int, float | None]
    mean: float
    standard_deviation: float | None
    interval: tuple[float, float] | None
    chance: float | None


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The mean of first minus second over the seeds that both have, with its 95% confidence interval."""

    first: str
    second: str
    column: str
    seeds: tuple[int, ...]
    mean: float
    interval: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Correlation:
    """How two columns agree over the runs that both score: Pearson's, Spearman's and Kendall's coefficient."""

    first: str
    second: str
    runs: int
    pearson: float
    spearman: float
    kendall: float


@dataclass(frozen=True, kw_only=True)
class ScoreTable:
    """Scores side by side: `columns` on `datasets`, and the settings in `rows`, which have scores on all of these.

    `headings` are the titles of the columns, without a data set that all share.
    """

    datasets: tuple[str, ...]
    rows: tuple[str, ...]
    columns: tuple[Column, ...]
    headings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What runs scored: `cells[row][column title]`, and what follows from it.

    `notes` say what was left out, what was scored before its training ended, which columns are apart for what reason,
    and what the scores were warned of.
    """

    rows: tuple[str, ...]
    columns: tuple[Column, ...]
    cells: Mapping[str, Mapping[str, Cell]]
    differences: tuple[Difference, ...]
    correlations: tuple[Correlation, ...]
    notes: tuple[str, ...]

    def best(self, title: str) -> tuple[Column, str, tuple[str, int]]:
        """The column of a title, METRIC or METRIC:PROTOCOL, the setting with its best mean, and the run (setting, seed)
        with its best score.

        UsageError for no column, for several, and for one of which neither higher nor lower scores are better.
        """
        judged = [column for column in self.columns if column.better != "neither"]
        exact = [column for column in judged if column.title == title]
        meant = exact or [column for column in judged if title in (column.metric, f"{column.metric}:{column.protocol}")]
        if len(meant) != 1:
            known = ", ".join(repr(column.title) for column in meant or judged)
            expected = f"one of {known}" if known else "a score of which higher or lower is better"
            received = f"{title!r}, which is several scores" if meant else repr(title)
            raise UsageError("--best", received=received, expected=expected)
        (column,) = meant
        sign = -1 if column.better == "lower" else 1
        found = {row: self.cells[row][column.title] for row in self.rows if column.title in self.cells[row]}
        setting = max(found, key=lambda row: sign * found[row].mean)
        runs = {(row, seed): value for row, cell in found.items() for seed, value in cell.values.items()}
        return column, setting, max(runs, key=lambda run: sign * runs[run])

    def tables(self) -> tuple[ScoreTable, ...]:
        """The scores without empty corners: data sets on which the same settings have scores share a table."""
        found: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for dataset in dict.fromkeys(column.dataset for column in self.columns):
            titles = {column.title for column in self.columns if column.dataset == dataset}
            found[tuple(row for row in self.rows if titles & self.cells[row].keys())].append(dataset)
        return tuple(self.table(rows, datasets) for rows, datasets in found.items())

    def table(self, rows: tuple[str, ...], datasets: Sequence[str]) -> ScoreTable:
        """The table of some settings and data sets."""
        columns = tuple(column for column in self.columns if column.dataset in datasets)
        shared = f" {datasets[0]} " if len(datasets) == 1 else ""
        headings = tuple(f"{column.title} ".replace(shared, " ", 1).rstrip() for column in columns)
        return ScoreTable(datasets=tuple(datasets), rows=rows, columns=columns, headings=headings)

    def to_text(self, form: Form) -> str:
        """What `deval compare` prints in a form: "markdown", "latex", "csv" or "json"; a notebook shows the first."""
        from disentangle_eval.study.tables import FORMATS

        if form not in FORMATS:
            raise UsageError("form", received=repr(form), expected=f"one of: {', '.join(FORMATS)}")
        return FORMATS[form](self)

    def _repr_markdown_(self) -> str:
        return self.to_text("markdown")

    def to_dict(self) -> dict[str, Any]:
        """Plain data: no path, time or host in it, so that equal studies give equal files."""
        return asdict(self)
