"""Runs the checks and says how each went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from disentangle_eval.api import ImageShape
from disentangle_eval.testing.candidate import DEFAULT_IMAGE, Candidate, find_candidate
from disentangle_eval.testing.checks import CHECKS, Check, check_name
from disentangle_eval.testing.failure import ConformanceFailure, NotChecked, located


@dataclass(frozen=True)
class Outcome:
    """How one check went; `message` says why it failed or was skipped."""

    check: str
    status: Literal["ok", "failed", "skipped"]
    message: str = ""


def check_model(
    name: str, image: tuple[int, int, int] = DEFAULT_IMAGE, config: Mapping[str, Any] | None = None
) -> list[Outcome]:
    """How an installed model does in every check, on images of that shape (C, H, W) and with those settings.

    Raises `UsageError` for an unknown model or settings it refuses.
    """
    return list(check_candidate(find_candidate(name, ImageShape(*image), config)))


def check_candidate(candidate: Candidate) -> Iterator[Outcome]:
    """The outcome of each check, as it comes."""
    for check in CHECKS:
        yield outcome(check, candidate)


def outcome(check: Check, candidate: Candidate) -> Outcome:
    """How a candidate does in one check; no exception of the plugin passes."""
    name = check_name(check)
    try:
        check(candidate)
    except NotChecked as reason:
        return Outcome(name, "skipped", str(reason))
    except ConformanceFailure as failure:
        return Outcome(name, "failed", str(failure))
    except Exception as error:
        return Outcome(name, "failed", f"{name}: received {located(error)}; expected no exception")
    return Outcome(name, "ok")
