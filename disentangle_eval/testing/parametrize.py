"""The checks as pytest tests of a plugin's own suite."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from disentangle_eval.api import ImageShape
from disentangle_eval.testing.candidate import DEFAULT_IMAGE, Candidate, Check, find_candidate
from disentangle_eval.testing.checks import CHECKS
from disentangle_eval.testing.failure import NotChecked
from disentangle_eval.testing.verdict import check_name, judge

if TYPE_CHECKING:
    import pytest


def parametrize_checks(
    *names: str, image: tuple[int, int, int] = DEFAULT_IMAGE, config: Mapping[str, Any] | None = None
) -> pytest.MarkDecorator:
    """Turns `def test_conformance(check): check()` into one test per model and check; needs pytest.

    Models are looked up when a test runs, on images of that shape (C, H, W) and with those settings. A check that does
    not apply is skipped with its reason, and one that fails raises `ConformanceFailure`.
    """
    import pytest

    tests = []
    for name in names:
        find = functools.cache(functools.partial(find_candidate, name, ImageShape(*image), config))
        tests += [pytest.param(_bind(find, check), id=f"{name}-{check_name(check)}") for check in CHECKS]
    return pytest.mark.parametrize("check", tests)


def _bind(find: Callable[[], Candidate], check: Check) -> Callable[[], None]:
    def run() -> None:
        import pytest

        verdict = judge(find(), check)
        if isinstance(verdict, NotChecked):
            pytest.skip(str(verdict))
        if verdict is not None:
            raise verdict

    return run
