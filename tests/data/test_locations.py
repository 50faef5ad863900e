from __future__ import annotations

from pathlib import Path

import pytest

from disentangle_eval.data.files.locations import cache_folder, data_folder


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch, tmp_path):
    for name in ("DEVAL_CACHE", "DEVAL_DATA", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def test_the_option_goes_before_the_variable(monkeypatch):
    assert data_folder(None) is None
    monkeypatch.setenv("DEVAL_DATA", "/variable")
    assert data_folder(None) == Path("/variable")
    assert data_folder("/option") == Path("/option")


def test_the_cache_lies_in_the_users_cache_folder_unless_named(monkeypatch, tmp_path):
    assert cache_folder() == tmp_path / ".cache" / "disentangle_eval"
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_folder() == Path("/xdg/disentangle_eval")
    monkeypatch.setenv("DEVAL_CACHE", "~/mine")
    assert cache_folder() == tmp_path / "mine"
