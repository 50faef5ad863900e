"""What the page on `sap` says is so."""

import numpy as np
from doc_pages import PAGES

from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.metrics.factors.config import SAPConfig
from disentangle_eval.metrics.factors.sap import SAPMetric
from disentangle_eval.metrics.subject import CodeTable

PAGE = "metrics/sap.md"


def test_units_matter_as_much_as_the_page_says():
    space = FactorSpace(("shape", "scale", "orientation", "x", "y"), (3, 6, 40, 32, 32))
    table = CodeTable(space.classes(np.arange(len(space))) / 1000, space)
    score = SAPMetric(SAPConfig()).score(table, seed=0).values["value"]
    assert f"scores {score:.3f}" in PAGES[PAGE]
