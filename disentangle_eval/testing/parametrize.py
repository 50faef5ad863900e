"""The checks as pytest tests of a plugin's own suite."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from disentangle_eval.api import ImageShape
from disentangle_eval.testing.candidate import DEFAULT_IMAGE, Check
from disentangle_eval.testing.failure import NotChecked
from disentangle_eval.testing.finding import CHECKS_OF, AnyCandidate, Kind, find
from disentangle_eval.testing.verdict import check_name, judge

if TYPE_CHECKING:
    import pytest


def parametrize_checks(
    *names: str,
    kind: Kind = "model",
    image: tuple[int, int, int] = DEFAULT_IMAGE,
    config: Mapping[str, Any] | None = None,
    protocol: str = "",
) -> pytest.MarkDecorator:
    """Turns `def test_conformance(check): check()` into one test per model, metric or data set and check; needs pytest.

    They are looked up when a test runs: models on images of that shape (C, H, W), models and metrics with those
    settings, metrics under that protocol or their first. A check that does not apply is skipped with its reason, and
    one that fails raises `ConformanceFailure`.
    """
    import pytest

    tests = []
    for name in names:
        found = functools.cache(functools.partial(find, name, kind, ImageShape(*image), config, protocol=protocol))
        tests += [pytest.param(_bind(found, check), id=f"{name}-{check_name(check)}") for check in CHECKS_OF[kind]]
    return pytest.mark.parametrize("check", tests)


def _bind(found: Callable[[], AnyCandidate], check: Check) -> Callable[[], None]:
    def run() -> None:
        import pytest

        verdict = judge(found(), check)
        if isinstance(verdict, NotChecked):
            pytest.skip(str(verdict))
        if verdict is not None:
            raise verdict

    return run
