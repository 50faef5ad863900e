"""Figures of runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from disentangle_eval.config import build
from disentangle_eval.interface.paths import PathLike, named_paths

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from disentangle_eval.study.figure import Kind, Take


def plot(
    kind: Kind,
    paths: PathLike | Iterable[PathLike] | Mapping[str, PathLike],
    show: str | Sequence[str] = (),
    *,
    setting: str | None = None,
    take: Take = "newest",
    dataset: str | None = None,
    levels: Mapping[str, float] | None = None,
) -> Figure:
    """The figure of the runs in or below some folders that `deval plot` draws, as a `matplotlib.figure.Figure`.

    `kind`, `setting`, `take` and `dataset` are as on the command line. `show` is what is shown, one name or several: a
    logged term, "METRIC", "METRIC:PROTOCOL" or "METRIC:PROTOCOL:DETAIL". `levels` are lines by their names, such as
    published scores. A mapping from labels to folders labels the runs of each folder.

    Raises `UsageError` for a path without runs, a name that the runs do not have, and arguments that do not fit.

    Example::

        figure = de.plot("strip", "runs", "mig", levels={"a paper": 0.2})
        figure.savefig("mig.png", dpi=200)
    """
    from disentangle_eval.study.figure import FigureSettings, shown_by
    from disentangle_eval.study.plotting import figure_of
    from disentangle_eval.study.runs import runs_named

    given = {
        "kind": kind,
        "show": shown_by(kind, (show,) if isinstance(show, str) else tuple(show)),
        "setting": setting,
        "take": take,
        "dataset": dataset,
        "published": [{"name": name, "value": value} for name, value in (levels or {}).items()],
    }
    return figure_of(runs_named(named_paths(paths)), build(FigureSettings, given))
