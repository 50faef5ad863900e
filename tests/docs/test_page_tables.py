"""The tables that pages compute from evidence are those that the evidence gives."""

import importlib
from pathlib import Path

import pytest
from doc_pages import PAGES, evidence, says

from disentangle_eval.study.tables import sections

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


@pytest.mark.parametrize(
    ("page", "title"),
    [
        ("results/infogan-mnist.md", "InfoGAN, `tuned`"),
        ("results/infogan-dsprites.md", "InfoGAN, `tuned`, a sixth of the length"),
        ("results/factorvae-dsprites.md", "FactorVAE, gamma 35"),
    ],
)
def test_pages_state_the_mean_and_interval_of_the_table_of_published_scores(page, title):
    row = next(row for row in evidence("table.jsonl") if row["title"] == title)
    low, high = row["interval"]
    assert says(page, f"95% interval {low:.3f} to {high:.3f}")
    assert f"{row['mean']:.3f}" in PAGES[page]


def test_the_example_study_names_its_tables_as_compare_does(page_tables):
    runs = [("infogan", page_tables.RunFolder(EVIDENCE / run)) for _, run in page_tables.GROUPS["infogan-mnist-study"]]
    titles = [title for title, _ in sections(page_tables.run_tables.compared(runs))]
    assert titles
    assert all(f"**{title}**" in PAGES["results/study.md"] for title in titles)
