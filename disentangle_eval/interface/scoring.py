"""Scoring a model on a data set, or a table of codes."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from disentangle_eval.errors import UsageError
from disentangle_eval.interface.order import MODEL, is_data, refuse_number, refuse_swapped
from disentangle_eval.interface.paths import PathLike, expanded

if TYPE_CHECKING:
    from disentangle_eval.results import Result
    from disentangle_eval.sources.source import Source


def score(
    subject: Any = None,
    on: Any = None,
    /,
    *,
    metrics: str | Sequence[str] = "all",
    protocol: str | None = None,
    seed: int = 0,
    again: bool = False,
    data_dir: PathLike | None = None,
    device: str = "auto",
    codes: Any = None,
    factors: Any = None,
    factor_sizes: Sequence[int] | None = None,
    factor_names: Sequence[str] | None = None,
    factor_bins: int | None = None,
    code_classes: Sequence[int] | None = None,
    labels: Any = None,
    log_variance: Any = None,
    batch_statistics: Literal["running", "clean"] = "running",
    progress: bool = False,
    **settings: Any,
) -> dict[str, Result]:
    """The scores of a model on a data set, or of a table of codes, by the name of the metric.

    `score(model, data)`: a model, a run, or any source that `load_model` takes, on a data set or its name; by default
    on the data set of its training, or the test set of that for a metric that needs labels. Scores of a model from a
    run are added to that run's results.jsonl; a score that is there under the same settings, checkpoint, data and seed
    is returned as it is, unless `again`. A foreign network is first tested on a few images: one whose codes are
    constant, random or dependent on the other images of a batch is refused. The path of a table (.npz, .npy, .csv,
    .parquet, .h5) means codes in the order of the data set's images.

    `score(codes, data)`: codes (N, K) of all images of a data set, in its order.

    `score(codes, factors)`: `codes` (N, K) real numbers, numpy or torch. Their ground truth is one of `factors` (N, F),
    the factor values of each row, which `factor_bins` divides into classes if they are real numbers; `factor_sizes`
    (F,), for one row per combination of factors in grid order, the last factor fastest; or `labels` (N,) integers.
    `code_classes` (K,) is the number of classes of a column of class indices, otherwise 0. `log_variance` (N, K)
    belongs to normal posteriors whose means are the codes.

    `metrics` is one name, or METRIC:PROTOCOL, or several of them, in a list or joined by commas; "all" means every
    metric that reads codes alone, does not take minutes and can be computed on the data. Each is scored under its
    default protocol unless `protocol` names another, with `settings` changed; `seed` fixes every random draw. If one of
    several metrics fails, that is a `DevalWarning`. With `batch_statistics="clean"` the batch statistics of a
    checkpoint's model are estimated anew on clean real images of the data set it was trained on, as every result
    reports. With `progress` a terminal shows bars with the time left.

    Raises `UsageError` for an unknown name, for a metric whose needs are not met, and for arrays that do not fit
    together.

    Example::

        de.score(model, "dsprites", metrics=["factorvae", "mig"])["mig"].value
        de.score(codes, factors, metrics="dci")
    """
    from disentangle_eval.runtime.progress_bar import shown_progress
    from disentangle_eval.scoring.measurements import plan
    from disentangle_eval.scoring.several import measure_each, score_table
    from disentangle_eval.sources.opened import open_source
    from disentangle_eval.sources.subjects import subjects_for

    several = metrics.split(",") if isinstance(metrics, str) else metrics
    are_names = isinstance(several, Sequence) and all(isinstance(name, str) for name in several)
    names = tuple(name.strip() for name in several if name.strip()) if are_names else ()
    if not names:
        raise UsageError("metrics", received=repr(metrics), expected="names of metrics, or 'all'")
    if not isinstance(protocol, str | None):
        raise UsageError("protocol", received=repr(protocol), expected="one name", advice="call de.score once for each")
    protocols = () if protocol is None else (protocol,)
    changes = {**settings, "batch_statistics": batch_statistics}
    # Before anything slow: a misspelt metric is refused at once.
    measurements = plan(names, protocols, changes, _keywords())
    if len({one.name for one in measurements}) < len(measurements):
        expected = "one protocol of each metric"
        raise UsageError("metrics", received=", ".join(names), expected=expected, advice="call de.score once for each")
    given = {
        "codes": codes,
        "factors": factors,
        "factor_sizes": factor_sizes,
        "factor_names": factor_names,
        "factor_bins": factor_bins,
        "code_classes": code_classes,
        "labels": labels,
        "log_variance": log_variance,
    }
    arrays = {name: value for name, value in given.items() if value is not None}
    _refuse_misplaced(subject, on)
    with shown_progress(progress):
        if subject is None or (_is_array(subject) and not is_data(on)):
            return score_table(_table(subject, on, arrays), measurements, seed)
        if _is_array(subject):
            source = _source_of_codes(_table(subject, None, arrays))
        elif arrays:
            received = f"{', '.join(arrays)} with a model"
            raise UsageError("score", received=received, expected="a model and a data set")
        else:
            source = open_source(subject, device)
        subjects = subjects_for(source, measurements, on, expanded(data_dir))
        return measure_each(zip(measurements, subjects, strict=True), seed, again)


def _keywords() -> list[str]:
    """The names that a call of `score` takes for itself, so that no setting of a metric can have them."""
    return [
        name for name, argument in inspect.signature(score).parameters.items() if argument.kind is argument.KEYWORD_ONLY
    ]


def _refuse_misplaced(subject: Any, on: Any) -> None:
    """`UsageError` where an argument by position is a number, or both are swapped."""
    example = 'de.score(model, "dsprites")'
    if subject is not None or is_data(on):
        refuse_number("first argument of de.score", subject, f"codes, or {MODEL}", example)
    if on is not None:
        refuse_number("second argument of de.score", on, "a data set, its name, or factors of the codes", example)
    refuse_swapped("score", subject, on)


def _is_array(value: Any) -> bool:
    """Whether a value is numbers rather than a model or the path of one."""
    return isinstance(value, (list, tuple)) or hasattr(value, "__array__")


def _table(codes: Any, factors: Any, arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The arrays of a table of codes, those given by position included; `UsageError` without codes."""
    by_position = {"codes": codes, "factors": factors}
    by_position = {name: value for name, value in by_position.items() if value is not None}
    if twice := sorted(set(by_position) & set(arrays)):
        raise UsageError("score", received=f"{' and '.join(twice)} twice", expected="each by position or by name")
    table = {**arrays, **by_position}
    if "codes" not in table:
        raise UsageError("score", received="nothing to score", expected="a model and a data set, or codes")
    return table


def _source_of_codes(table: Mapping[str, Any]) -> Source:
    """Codes in the order of a data set's images, as a source of codes."""
    from disentangle_eval.metrics.arrays import as_array
    from disentangle_eval.sources.source import Source

    return Source("codes", {}, table={name: as_array(value, name) for name, value in table.items()})
