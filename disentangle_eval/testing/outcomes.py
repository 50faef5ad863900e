"""The outcome of every check of a model, a metric or a data set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from disentangle_eval.api import ImageShape
from disentangle_eval.testing.candidate import DEFAULT_IMAGE
from disentangle_eval.testing.failure import NotChecked
from disentangle_eval.testing.finding import AnyCandidate, checks_of, find
from disentangle_eval.testing.verdict import check_name, judge


@dataclass(frozen=True)
class Outcome:
    """The outcome of one check; `message` is why it failed or was skipped, `cause` is the exception of a failure."""

    check: str
    status: Literal["ok", "failed", "skipped"]
    message: str = ""
    cause: BaseException | None = field(default=None, repr=False, compare=False)


def check_model(
    name: str, image: tuple[int, int, int] = DEFAULT_IMAGE, config: Mapping[str, Any] | None = None
) -> list[Outcome]:
    """The outcome of every check of an installed model, on images of that shape (C, H, W) and with those settings.

    Raises `UsageError` for an unknown model or settings it refuses.
    """
    return list(check_candidate(find(name, "model", ImageShape(*image), config)))


def check_metric(name: str, config: Mapping[str, Any] | None = None, protocol: str = "") -> list[Outcome]:
    """The outcome of every check of an installed metric, under a protocol (by default the first) with settings changed.

    Raises `UsageError` for an unknown metric or protocol, or settings it refuses.
    """
    return list(check_candidate(find(name, "metric", config=config, protocol=protocol)))


def check_dataset(name: str, data_dir: Path | None = None) -> list[Outcome]:
    """The outcome of every check of an installed data set; `name` may have its path and settings.

    Raises `UsageError` for an unknown data set.
    """
    return list(check_candidate(find(name, "dataset", data_dir=data_dir)))


def check_candidate(candidate: AnyCandidate) -> Iterator[Outcome]:
    """The outcome of each check, as it comes."""
    for check in checks_of(candidate):
        verdict = judge(candidate, check)
        if verdict is None:
            yield Outcome(check_name(check), "ok")
        else:
            status: Literal["failed", "skipped"] = "skipped" if isinstance(verdict, NotChecked) else "failed"
            yield Outcome(check_name(check), status, str(verdict), verdict.__cause__ if status == "failed" else None)
