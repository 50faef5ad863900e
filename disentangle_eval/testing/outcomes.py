"""The outcome of every check of a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from disentangle_eval.api import ImageShape
from disentangle_eval.testing.candidate import DEFAULT_IMAGE, Candidate, find_candidate
from disentangle_eval.testing.checks import CHECKS
from disentangle_eval.testing.failure import NotChecked
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
    return list(check_candidate(find_candidate(name, ImageShape(*image), config)))


def check_candidate(candidate: Candidate) -> Iterator[Outcome]:
    """The outcome of each check, as it comes."""
    for check in CHECKS:
        verdict = judge(candidate, check)
        if verdict is None:
            yield Outcome(check_name(check), "ok")
        else:
            status: Literal["failed", "skipped"] = "skipped" if isinstance(verdict, NotChecked) else "failed"
            yield Outcome(check_name(check), status, str(verdict), verdict.__cause__ if status == "failed" else None)
