"""What the page on `sap` says is so."""

import numpy as np
from doc_pages import PAGES, blocks, printed_by, table_of

from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.metrics.factors.config import SAPConfig
from disentangle_eval.metrics.factors.sap import SAPMetric
from disentangle_eval.metrics.subject import CodeTable

PAGE = "metrics/sap.md"


def test_the_example_prints_what_stands_below_it():
    assert printed_by(PAGE) == blocks(PAGE, "text")[0]


def test_every_key_of_a_result_has_its_row():
    space = FactorSpace(("a", "b"), (3, 4))
    scores = SAPMetric(SAPConfig()).score(CodeTable(space.classes(np.arange(12)), space), seed=0)
    explained = {name.strip() for row in table_of(PAGE, "key")[1:] for name in row[0].split(",")}
    assert explained == set(scores.values) - {"value"}


def test_units_matter_as_much_as_the_page_says():
    space = FactorSpace(("shape", "scale", "orientation", "x", "y"), (3, 6, 40, 32, 32))
    table = CodeTable(space.classes(np.arange(len(space))) / 1000, space)
    score = SAPMetric(SAPConfig()).score(table, seed=0).values["value"]
    assert f"scores {score:.3f}" in PAGES[PAGE]
