"""A score with everything that defines it: one JSON object per line."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, get_args

from disentangle_eval.errors import DevalError, warn
from disentangle_eval.intervals import mean_interval
from disentangle_eval.registry.specs import Better
from disentangle_eval.runtime.json_lines import append_line, read_lines, set_damaged_aside

# What the rows of a matrix among the details are, and the detail that names them; all others have one row per code
# dimension.
MATRIX_ROWS = {
    "confusion": ("class", "classes"),
    "factor_confusion": ("shared factor", "factors"),
    "train_accuracy": ("labels", "train_sizes"),
    "test_accuracy": ("labels", "train_sizes"),
    "losses": ("factor", "factors"),
}


@dataclass(frozen=True, kw_only=True)
class Result:
    """One metric's result for one subject.

    `value` is the headline figure and `better` its direction; `details` holds every other figure; `chance` is what an
    uninformative code would score, or None where that has no meaning. `settings` includes the protocol; `counts` has
    how many images, votes or points were used, by the name of the setting that limits them. `warnings` are what
    a reader of the score should know. `dataset` is what was scored on, `trained_on` what the model was trained on;
    `source` is a foreign model as it was written, with how images had to look.
    Results whose `settings` or `dataset_sha256` differ never share a column.
    """

    metric: str
    metric_version: int
    value: float
    better: Better
    chance: float | None
    details: Mapping[str, Any]
    settings: Mapping[str, Any]
    seed: int
    seconds: float
    dataset: str | None = None
    dataset_sha256: str | None = None
    model: str | None = None
    model_distribution: str | None = None
    model_version: int | None = None
    train_seed: int | None = None
    trained_on: str | None = None
    checkpoint: str | None = None
    checkpoint_sha256: str | None = None
    iteration: int | None = None
    source: str | None = None
    codes: str | None = None
    codes_sha256: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """The score in words: `mig (dlib) 0.2814, chance 0.0003, on dsprites@drawn`."""
        chance = "" if self.chance is None else f", chance {self.chance:.4f}"
        on = f", on {self.dataset}" if self.dataset else ""
        return f"{self.metric} ({self.settings['protocol']}) {self.value:.4f}{chance}{on}"

    def to_json(self) -> str:
        """One line of JSON; refuses NaN and infinities, which JSON cannot hold."""
        return json.dumps(asdict(self), allow_nan=False)


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Scores of one subject that differ in nothing but the seed of the metric's draws.

    `interval` is the 95% confidence interval of their mean by Student's t distribution, which measures the spread of
    the draws alone, not that of training seeds. It is (mean, mean) where all scores are equal.
    """

    metric: str
    protocol: str
    seeds: tuple[int, ...]
    values: tuple[float, ...]
    mean: float
    standard_deviation: float
    interval: tuple[float, float]

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), allow_nan=False)


def spread(results: Sequence[Result]) -> Spread | None:
    """The mean of several scores with its interval; None for a single score."""
    values = tuple(float(result.value) for result in results)
    interval = mean_interval(values)
    if interval is None:
        return None
    return Spread(
        metric=results[0].metric,
        protocol=results[0].settings["protocol"],
        seeds=tuple(result.seed for result in results),
        values=values,
        mean=statistics.fmean(values),
        standard_deviation=statistics.stdev(values),
        interval=interval,
    )


def result_of(line: Mapping[str, Any]) -> Result | None:
    """The result that a line of results.jsonl holds; None for one of another version, which lacks what results have."""
    known = {key.name for key in fields(Result)}
    try:
        return Result(**{**{key: line[key] for key in line if key in known}, "warnings": tuple(line["warnings"])})
    except (KeyError, TypeError):
        return None


def recorded_lines(path: Path) -> list[dict[str, Any]]:
    """The lines of a file of results; none where it does not exist or cannot be read."""
    try:
        return read_results(path)
    except (DevalError, OSError):
        return []


def read_results(path: Path) -> list[dict[str, Any]]:
    """The scores of a file, none where it does not exist; what is no score is left out, with a `DevalWarning`."""
    lines = read_lines(path)
    faulty = [number for number, line in zip(lines.numbers, lines.records, strict=True) if not is_score(line)]
    if faulty:
        warn(f"{path}: line {', '.join(map(str, faulty))}: no score; left out, the other lines are read")
    return [line for line in lines.records if is_score(line)]


def is_score(line: Mapping[str, Any]) -> bool:
    """Whether a line has a metric, a number as its value and the rest on which all readers of scores rely."""
    kinds: dict[str, Any] = {"metric": str, "metric_version": int, "value": (int, float), "settings": dict, "seed": int}
    known = line.get("better") in get_args(Better) and all(
        isinstance(line.get(name), kind) for name, kind in kinds.items()
    )
    optional: dict[str, Any] = {"chance": (int, float), "iteration": int, "details": dict}
    fits = all(line.get(name) is None or isinstance(line[name], kind) for name, kind in optional.items())
    return known and fits and not isinstance(line["value"], bool)


def agrees(line: Mapping[str, Any], expected: Mapping[str, Any]) -> bool:
    """Whether a line of results.jsonl has all values of `expected`."""
    return all(line.get(name) == value for name, value in expected.items())


def append(path: Path, result: Result) -> None:
    """Add one line to a file of results, whole or not at all; damaged lines are set aside, with a `DevalWarning`.

    `DevalError` where the file cannot be written.
    """
    set_damaged_aside(path)
    append_line(path, result.to_json())


def plain(value: Any, name: str) -> Any:
    """The same as plain data that JSON can hold: None, bool, int, float, str, lists and dictionaries.

    Arrays and numbers of numpy and torch are converted. ValueError, with `name` and the place within, for numbers that
    are not finite and for anything else.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (str, int)):
        return str(value) if isinstance(value, str) else int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{name}: received {float(value)}, expected a finite number")
        return float(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item, f"{name}[{str(key)!r}]") for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, f"{name}[{position}]") for position, item in enumerate(value)]
    if hasattr(value, "tolist"):
        return plain(value.tolist(), name)
    raise ValueError(f"{name}: received {type(value).__name__}, expected numbers, texts or lists of them")


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """A matrix of numbers among the details of a result, one name per row and column; `noun` is what its rows are."""

    name: str
    noun: str
    row_names: tuple[str, ...]
    column_names: tuple[str, ...]
    rows: Sequence[Sequence[float]]


def matrices_of(details: Mapping[str, Any]) -> list[Matrix]:
    """The matrices among the details of a result: votes, importances, mutual information, confusion.

    Columns are the factors where there are as many, rows what another detail names. Where only the rows are as many as
    the factors, rows are the factors. All else has numbers.
    """
    found = []
    for name, rows in details.items():
        if is_matrix(rows):
            factors = details.get("factors", [])
            by_factor = isinstance(factors, list) and len(rows) == len(factors) != len(rows[0])
            noun, key = MATRIX_ROWS.get(name, ("factor", "factors") if by_factor else ("code dimension", ""))
            row_names = _named(details.get(key, []), len(rows))
            column_names = _named(factors, len(rows[0]))
            found.append(Matrix(name=name, noun=noun, row_names=row_names, column_names=column_names, rows=rows))
    return found


def is_matrix(value: object) -> bool:
    """Whether a detail is a list of lists of numbers, all as long as the first."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(row, list) and row and len(row) == len(value[0]) for row in value)
        and all(isinstance(cell, (int, float)) for row in value for cell in row)
    )


def _named(names: object, n: int) -> tuple[str, ...]:
    """The names of `n` rows or columns: those given where they are a list of as many, else numbers from 0."""
    return tuple(map(str, names if isinstance(names, list) and len(names) == n else range(n)))
