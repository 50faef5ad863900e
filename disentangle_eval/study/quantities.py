"""What the names in a figure mean, and the numbers that runs have of them: logged terms, and scores."""

from __future__ import annotations

import statistics
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from disentangle_eval.errors import UsageError, did_you_mean
from disentangle_eval.study.figure import TERM, Take
from disentangle_eval.study.runs import RunRecord, name_of, newest_results


class Quantity(ABC):
    """Something that runs have numbers of: a term or a score."""

    @property
    @abstractmethod
    def title(self) -> str:
        """What an axis calls it."""

    @abstractmethod
    def points(self, run: RunRecord) -> np.ndarray | None:
        """Iteration and value wherever a run has it, (n, 2); None where it has it nowhere."""

    @abstractmethod
    def newest(self, run: RunRecord) -> float | None:
        """The value of a run; None where it has none."""

    @abstractmethod
    def chances(self, runs: Sequence[RunRecord]) -> dict[str, float]:
        """The mean chance level over runs by the data set of the score; empty where it has none."""

    def value(self, run: RunRecord, take: Take) -> float | None:
        """The newest value of a run, or the median over its snapshots or log lines; None where it has none."""
        if take == "newest":
            return self.newest(run)
        points = self.points(run)
        return None if points is None else float(np.median(points[:, 1]))

    def title_of(self, take: Take) -> str:
        """What an axis calls such a value of it."""
        return self.title if take == "newest" else f"{self.title} (median)"


@dataclass(frozen=True)
class Term(Quantity):
    """A logged term; of a vector the sum of its entries."""

    name: str

    @property
    def title(self) -> str:
        return self.name.replace("_", " ")

    def points(self, run: RunRecord) -> np.ndarray | None:
        points = []
        for line in run.log:
            value = line.get(self.name)
            if isinstance(value, list):
                value = sum(value)
            if isinstance(value, (int, float)) and self.name != "iteration":
                points.append((line["iteration"], value))
        return np.array(points, dtype=float) if points else None

    def newest(self, run: RunRecord) -> float | None:
        points = self.points(run)
        return None if points is None else float(points[-1, 1])

    def chances(self, runs: Sequence[RunRecord]) -> dict[str, float]:
        return {}


@dataclass(frozen=True)
class Score(Quantity):
    """The score of a metric: its headline, or one of its details. Without a protocol it is the score under any."""

    metric: str
    protocol: str = ""
    detail: str = ""

    @property
    def title(self) -> str:
        parts = (self.metric.replace("_", " "), self.protocol, self.detail.replace("_", " "))
        return " ".join(part for part in parts if part)

    def points(self, run: RunRecord) -> np.ndarray | None:
        """Of several draws at one iteration the mean."""
        found: dict[int, list[float]] = defaultdict(list)
        for result in self.results(run.results):
            if result.get("iteration") is not None:
                found[result["iteration"]].append(self.value_in(result))
        points = [(at, statistics.fmean(found[at])) for at in sorted(found)]
        return np.array(points, dtype=float) if points else None

    def newest(self, run: RunRecord) -> float | None:
        """The value at the last iteration of which a run has any score; of several draws that of the lowest seed."""
        found = self.results(newest_results(run))
        return self.value_in(min(found, key=lambda result: int(result.get("seed") or 0))) if found else None

    def chances(self, runs: Sequence[RunRecord]) -> dict[str, float]:
        levels: dict[str, list[float]] = defaultdict(list)
        for result in () if self.detail else (each for run in runs for each in self.results(newest_results(run))):
            if result.get("chance") is not None:
                levels[str(result.get("dataset"))].append(result["chance"])
        return {dataset: statistics.fmean(found) for dataset, found in levels.items()}

    def results(self, results: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Those of a run's results that have the score, on the data of its training alone where there are some."""
        having = [
            result
            for result in results
            if result["metric"] == self.metric
            and (not self.protocol or result["settings"].get("protocol") == self.protocol)
            and (not self.detail or isinstance((result.get("details") or {}).get(self.detail), (int, float)))
        ]
        return [result for result in having if result.get("dataset") == result.get("trained_on")] or having

    def value_in(self, result: Mapping[str, Any]) -> float:
        """The value in a result that has the score."""
        return float(result["details"][self.detail] if self.detail else result["value"])


def quantity_of(name: str, runs: Sequence[RunRecord]) -> Quantity:
    """What a name means in some runs: TERM, METRIC, METRIC:PROTOCOL, METRIC:PROTOCOL:DETAIL or term:TERM.

    `UsageError` where no run has it, for the name alone of a term that is also that of a metric, and for scores that
    may not share a figure, see `unmixed`.
    """
    term, score = Term(name.removeprefix(TERM)), score_of(name)
    is_logged = any(term.points(run) is not None for run in runs)
    is_scored = not name.startswith(TERM) and any(score.results(run.results) for run in runs)
    if is_logged and is_scored:
        raise UsageError(
            "--show",
            received=f"{name!r}, a logged term and a metric of these runs",
            expected=f"{TERM}{name} or {' or '.join(scores_in(runs, name))}",
        )
    if not is_logged and not is_scored:
        known = [*terms_in(runs), *scores_in(runs)]
        expected = f"a logged term or a score of these runs: {', '.join(known) or 'none yet'}"
        raise UsageError("--show", received=repr(name), expected=expected, advice=did_you_mean(name, known))
    return term if is_logged else unmixed(name, score, runs)


def unmixed(name: str, score: Score, runs: Sequence[RunRecord]) -> Score:
    """A score of some runs with its protocol; `UsageError` for scores that may not share a figure.

    These are scores of several protocols, and those of runs on one data set that differ in the version of the metric or
    in the data that were scored on.
    """
    protocols: dict[str, None] = {}
    columns: dict[str, set[Any]] = defaultdict(set)
    for run in runs:
        for result in score.results(run.results):
            protocols[str(result["settings"].get("protocol"))] = None
            columns[run.dataset].add((result.get("metric_version"), result.get("dataset_sha256")))
    if len(protocols) > 1:
        named = sorted(":".join(filter(None, (score.metric, protocol, score.detail))) for protocol in protocols)
        raise UsageError("--show", received=f"{name!r}, scores of several protocols", expected=" or ".join(named))
    if any(len(alike) > 1 for alike in columns.values()):
        raise UsageError(
            "--show",
            received=f"{name!r}, scores of several versions of the metric or on several data",
            expected="runs of one data set with scores that may be compared",
            advice="--dataset NAME shows those on one data set, and `deval compare` has a column for each",
        )
    (protocol,) = protocols
    return replace(score, protocol=protocol)


def scored_on(runs: Sequence[RunRecord], dataset: str) -> list[RunRecord]:
    """Some runs with their scores on a data set alone; `UsageError` where none has a score on it."""
    known = sorted({str(result.get("dataset")) for run in runs for result in run.results})
    if not any(is_named(dataset, name) for name in known):
        expected = f"a data set of these runs' scores: {', '.join(known) or 'none yet'}"
        raise UsageError("--dataset", received=repr(dataset), expected=expected)
    return [
        replace(run, results=[result for result in run.results if is_named(dataset, str(result.get("dataset")))])
        for run in runs
    ]


def is_named(name: str, dataset: str) -> bool:
    """Whether a data set is the one of a name, which may leave out where its files are from: `dsprites@drawn`."""
    return name in (dataset, dataset.partition("@")[0])


def score_of(name: str) -> Score:
    """METRIC, METRIC:PROTOCOL or METRIC:PROTOCOL:DETAIL as a score."""
    metric, _, rest = name.partition(":")
    protocol, _, detail = rest.partition(":")
    return Score(metric, protocol, detail)


def terms_in(runs: Sequence[RunRecord]) -> list[str]:
    """The terms in the last log lines of some runs, sorted, as `quantity_of` takes them."""
    terms = {name for run in runs for line in run.log[-1:] for name in line} - {"iteration"}
    metrics = {result["metric"] for run in runs for result in run.results}
    return sorted(f"{TERM}{name}" if name in metrics else name for name in terms)


def scores_in(runs: Sequence[RunRecord], metric: str = "") -> list[str]:
    """The scores of some runs, or those of one metric, as METRIC:PROTOCOL, sorted."""
    results = [result for run in runs for result in run.results if metric in ("", result["metric"])]
    return sorted({name_of(result) for result in results})
