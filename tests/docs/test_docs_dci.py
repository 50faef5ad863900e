"""What the page on DCI says is so."""

import numpy as np
from doc_pages import table_of

from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.metrics.factors.config import DCIConfig
from disentangle_eval.metrics.factors.dci import DCIMetric
from disentangle_eval.metrics.subject import CodeTable

PAGE = "metrics/dci.md"


def test_every_key_has_its_row_and_completeness_no_floor():
    space = FactorSpace(("a", "b"), (3, 3))
    codes = np.hstack([np.random.default_rng(0).normal(size=(9, 1)), np.zeros((9, 1))])
    values = DCIMetric(DCIConfig(num_train=50, num_test=20, stages=2)).score(CodeTable(codes, space), 0).values
    explained = {name.strip() for row in table_of(PAGE, "key")[1:] for name in row[0].split(",")}
    assert explained == set(values) - {"value"}
    assert values["completeness"] > 0.999
