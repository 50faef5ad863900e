"""What the page on `sap` says is so."""

import numpy as np
from doc_pages import PAGES, says

from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.metrics.factors.config import SAPConfig
from disentangle_eval.metrics.factors.sap import SAPMetric
from disentangle_eval.metrics.subject import CodeTable

PAGE = "metrics/sap.md"
DSPRITES = FactorSpace(("shape", "scale", "orientation", "x", "y"), (3, 6, 40, 32, 32))


def test_units_matter_as_much_as_the_page_says():
    table = CodeTable(DSPRITES.classes(np.arange(len(DSPRITES))) / 1000, DSPRITES)
    score = SAPMetric(SAPConfig()).score(table, seed=0).values["value"]
    assert f"scores {score:.3f}" in PAGES[PAGE]


def test_chance_of_noise():
    noise = CodeTable(np.random.default_rng(0).normal(size=(len(DSPRITES), 10)), DSPRITES)
    protocols = SAPConfig.protocols
    svm, correlation = (
        SAPMetric(SAPConfig(**protocols[name])).score(noise, seed=0).chance for name in ("dlib", "correlation")
    )
    assert says(PAGE, f"a chance of {svm:.4f} under `dlib` and of {correlation:.4f} under `correlation`")
