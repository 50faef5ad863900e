"""Training takes numbers too small for float32's normal range as zero, on every thread, and nothing else does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from disentangle_eval.errors import UsageError
from disentangle_eval.runtime.evaluating import evaluating
from disentangle_eval.runtime.subnormals import SHARE, SUBNORMAL, can_take_zero, set_subnormals
from disentangle_eval.training.folder import RunFolder
from disentangle_eval.training.planning import plan_run

needs_zero = pytest.mark.skipif(not can_take_zero(2), reason="two threads of this CPU keep subnormal numbers")


def products() -> Tensor:
    """The bits of a subnormal number times one: a row per thread of two."""
    return (torch.full((2 * SHARE,), SUBNORMAL) * 1).view(torch.int32).view(2, -1)


@needs_zero
def test_every_thread_takes_them_as_zero_until_they_are_kept_again() -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert products().all()  # starts the second thread
        set_subnormals("zero")
        assert torch.get_num_threads() == 2
        assert not products().any()
        with evaluating(torch.nn.Identity()):
            assert products().all()
    finally:
        set_subnormals("kept")
        torch.set_num_threads(threads)


@needs_zero
def test_a_run_records_its_choice_and_goes_on_with_it(tmp_path: Path) -> None:
    given = {"dataset": "dsprites", "device": "cpu", "threads": 2}
    for choice, expected in (("auto", "zero"), ("kept", "kept"), ("zero", "zero")):
        folder = RunFolder(tmp_path / choice)
        plan = plan_run("beta-vae", {**given, "subnormals": choice}, folder.root)
        assert plan.settings.subnormals == expected
        settings = plan.settings.model_dump()
        config = plan.cfg.model_dump(mode="json")
        for before, resumed in ((settings, expected), (without(settings, "subnormals"), "kept")):
            folder.root.mkdir(exist_ok=True)
            folder.write_run({"model": "beta-vae", "config": config, "settings": before})
            assert plan_run("beta-vae", {}, folder.root, resume=True).settings.subnormals == resumed


def without(settings: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key != name}


def test_zero_is_refused_where_a_thread_would_keep_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("disentangle_eval.runtime.subnormals.can_take_zero", lambda threads: False)
    assert plan_run("beta-vae", {"device": "cpu"}, tmp_path).settings.subnormals == "kept"
    with pytest.raises(UsageError, match="--subnormals: received zero, expected auto or kept"):
        plan_run("beta-vae", {"device": "cpu", "subnormals": "zero"}, tmp_path)
