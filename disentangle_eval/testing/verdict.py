"""The outcome of a check: each runs once per candidate, and checks that rest on others use theirs."""

from __future__ import annotations

from typing import Any

from disentangle_eval.registry.plugin_code import plugin_code
from disentangle_eval.testing.candidate import Check
from disentangle_eval.testing.failure import ConformanceFailure, NotChecked, explained


def check_name(check: Check) -> str:
    """What the check is called in reports: its function's name without `check_`."""
    return check.__name__.removeprefix("check_")


def judge(candidate: Any, check: Check) -> ConformanceFailure | NotChecked | None:
    """Why a candidate fails a check or cannot be checked, None where it passes; remembered with the candidate."""
    if check not in candidate.verdicts:
        candidate.verdicts[check] = _run(candidate, check)
    verdict: ConformanceFailure | NotChecked | None = candidate.verdicts[check]
    return verdict


def rests_on(candidate: Any, *checks: Check) -> None:
    """For checks that would only repeat what others report: `NotChecked` unless the candidate passes those."""
    for check in checks:
        verdict = judge(candidate, check)
        if isinstance(verdict, ConformanceFailure):
            raise NotChecked(f"rests on the check {verdict.check!r}, which failed")
        if verdict is not None:
            raise NotChecked(str(verdict))


def _run(candidate: Any, check: Check) -> ConformanceFailure | NotChecked | None:
    try:
        with explained(check_name(check), "correct that line"), plugin_code("this plugin"):
            check(candidate)
    except (ConformanceFailure, NotChecked) as verdict:
        return verdict
    return None
