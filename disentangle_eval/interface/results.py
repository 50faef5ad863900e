"""Scores that are there: read from files, and compared between runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from disentangle_eval.errors import UsageError
from disentangle_eval.interface.paths import PathLike, each_expanded, named_paths
from disentangle_eval.training.folder import RunFolder

if TYPE_CHECKING:
    from disentangle_eval.study.comparison import Comparison


def load_results(paths: PathLike | Iterable[PathLike]) -> list[dict[str, Any]]:
    """The scores in result files, run folders or folders with runs below them, one flat record per score.

    A record has the keys of a result line; what is nested there has a dot in its key (`settings.protocol`,
    `details.completeness`, `versions.torch`), as in `pandas.json_normalize`. `file` is the file it is from.
    `pandas.DataFrame` takes the list as it is.

    Raises `UsageError` for a path that holds no results.

    Example::

        pandas.DataFrame(de.load_results("runs")).groupby(["model", "metric"])["value"].mean()
    """
    from disentangle_eval.results import read_results

    files = dict.fromkeys(file for path in each_expanded(paths) for file in _result_files(path))
    return [{"file": str(file), **_flat(line)} for file in files for line in read_results(file)]


def compare(
    paths: PathLike | Iterable[PathLike] | Mapping[str, PathLike], *, metrics: Sequence[str] = ()
) -> Comparison:
    """The newest scores of the runs in or below some folders, next to each other, as `deval compare` prints them.

    A mapping, `{"ours": "studies/a", "theirs": "runs/b"}`, gives the runs of each folder a label. `metrics`, each
    "METRIC" or "METRIC:PROTOCOL", are those whose scores are compared, by default all.

    `rows` are settings, `columns` scores that may be compared, and `cells[row][column.title]` holds the values by
    training seed with their mean, standard deviation and the 95% confidence interval of the mean (Student's t; None for
    one seed). `differences` are paired over shared seeds, `correlations` over all runs; `best(score)` names the best
    setting and run; `to_dict` gives plain data and `to_text` a text, as in `to_text("latex")`. A notebook shows the
    tables.

    Raises `UsageError` for a path without runs, for runs without scores, and for a metric by which no run is scored.

    Example::

        comparison = de.compare("runs")
        comparison.to_dict()["rows"]
    """
    from disentangle_eval.study.comparing import compare_places

    named = [metrics] if isinstance(metrics, str) else list(metrics)
    return compare_places(named_paths(paths), named)


def _result_files(path: Path) -> list[Path]:
    """The result files at a path, or in or below it; `UsageError` where there is none."""
    files = [path] if path.is_file() else sorted(path.rglob(RunFolder(path).results.name))
    if not files:
        expected = "a results.jsonl, a run folder with one, or a folder of such runs"
        raise UsageError("results", received=f"{str(path)!r}, which holds none", expected=expected)
    return files


def _flat(line: Mapping[str, Any]) -> dict[str, Any]:
    """A result line without mappings in it: `settings.protocol` for what `settings` has as `protocol`."""
    record: dict[str, Any] = {}
    for key, value in line.items():
        record |= {f"{key}.{name}": item for name, item in value.items()} if isinstance(value, dict) else {key: value}
    return record
