"""The tables that pages compute from evidence are those that the evidence gives."""

import importlib
from pathlib import Path

import pytest
from doc_pages import PAGES

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"
EVIDENCE = ROOT / "evidence"

pytestmark = pytest.mark.skipif(not EVIDENCE.is_dir(), reason="a source distribution has no evidence/")


@pytest.fixture
def page_tables(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("page_tables")


def test_written_tables_are_up_to_date(page_tables):
    pages = {
        name: page
        for name, page in {**PAGES, "README.md": (ROOT / "README.md").read_text()}.items()
        if "<!-- table:" in page
    }
    assert pages
    for name, page in pages.items():
        assert page.count("<!-- table:") == len(page_tables.MARKED.findall(page)), name
        assert page_tables.written(page) == page, f"{name}: run `python benchmarks/page_tables.py`"
