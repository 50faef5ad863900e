"""The checks as pytest tests of a plugin's own suite."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from disentangle_eval.api import ImageShape
from disentangle_eval.testing.candidate import DEFAULT_IMAGE, find_candidate
from disentangle_eval.testing.checks import CHECKS, Check, check_name
from disentangle_eval.testing.failure import NotChecked

if TYPE_CHECKING:
    import pytest


def parametrize_checks(
    *names: str, image: tuple[int, int, int] = DEFAULT_IMAGE, config: Mapping[str, Any] | None = None
) -> pytest.MarkDecorator:
    """Turns `def test_conformance(check): check()` into one test a model and check; needs pytest.

    Models are looked up when a test runs, on images of that shape (C, H, W) and with those settings. A check that does
    not apply is skipped with its reason, and one that fails raises `ConformanceFailure`.
    """
    import pytest

    bound = [
        pytest.param(_bind(name, check, ImageShape(*image), config), id=f"{name}-{check_name(check)}")
        for name in names
        for check in CHECKS
    ]
    return pytest.mark.parametrize("check", bound)


def _bind(name: str, check: Check, image: ImageShape, config: Mapping[str, Any] | None) -> Callable[[], None]:
    def run() -> None:
        import pytest

        try:
            check(find_candidate(name, image, config))
        except NotChecked as reason:
            pytest.skip(str(reason))

    return run
