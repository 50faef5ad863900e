"""The page on data sets and the records say the same."""

import re

import pytest
from doc_pages import DOCS, PAGES, evidence, says, table_of, tables_of

from disentangle_eval.data.sets import register_datasets
from disentangle_eval.registry.specs import DatasetSpec

DATASETS = tuple(register_datasets())

ROWS = {re.sub(r"\[(.*)\]\(.*\)", r"\1", name): cells for name, *cells in table_of("data.md", "data set")[1:]}


def how_to_get(spec: DatasetSpec) -> str:
    if spec.takes_path:
        return f"your own: {spec.name}:PATH"
    if not spec.files:
        return "drawn"
    fetched = all(file.urls for file in spec.files)
    fetch = f"deval data fetch {spec.name}" if fetched else f"by hand, see deval data fetch {spec.name}"
    return f"drawn; or {fetch}" if spec.drawn else fetch


def test_every_data_set_has_its_row():
    assert sorted(ROWS) == sorted(spec.name for spec in DATASETS)


@pytest.mark.parametrize("spec", DATASETS, ids=[spec.name for spec in DATASETS])
def test_a_row_says_what_the_record_says(spec):
    images, shape, factors, licence, how = ROWS[spec.name]
    assert images == (f"{spec.images:,}" if spec.images else "any")
    assert re.fullmatch(r"[13] x \d+ x \d+|any", shape)
    if spec.factors or not spec.takes_path:
        assert factors == spec.factors or (not spec.factors and factors.startswith("none"))
    assert licence == (spec.licence or "-")
    assert how == how_to_get(spec)


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith("data")])
def test_pictures_are_there(page):
    for picture in re.findall(r"!\[.*?\]\((.*?)\)", PAGES[page]):
        assert (DOCS / page).parent.joinpath(picture).is_file()


def test_the_ways_of_reading_are_as_fast_as_measured():
    *batches, first = evidence("benchmarks/data.jsonl")
    packed, coloured = (rows for _, *rows in tables_of("data.md", "way"))
    shown = [[*row[:2], row[3]] for row in [*packed, *coloured]]
    assert shown == [[line["way"], f"{line['batches_per_second']:,.0f}", cpu(line)] for line in batches]
    seconds = {name: first[name]["median"] / 1000 for name in ("milliseconds", "import_milliseconds")}
    assert says("data.md", f"The first batch of packed dSprites takes {seconds['milliseconds']:.1f} s")
    assert says("data.md", f"another {seconds['import_milliseconds']:.1f} s")


def cpu(line: dict) -> str:
    """CPU milliseconds as the table shows them: three digits."""
    milliseconds = line["cpu_milliseconds"]["median"]
    return f"{milliseconds:.{2 if milliseconds < 10 else 1}f}"
