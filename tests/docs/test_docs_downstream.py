"""What the page on the downstream task says is so."""

import numpy as np
from doc_pages import table_of

from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.metrics.factors.config import DownstreamConfig
from disentangle_eval.metrics.factors.downstream import DownstreamMetric
from disentangle_eval.metrics.subject import CodeTable

PAGE = "metrics/downstream.md"


def test_every_key_has_its_row():
    table = CodeTable(np.eye(9), FactorSpace(("a", "b"), (3, 3)))
    cfg = DownstreamConfig(predictor="boosted-trees", train_sizes=(10, 20), num_test=20, stages=2)
    values = DownstreamMetric(cfg).score(table, 0).values
    explained = {name.strip() for row in table_of(PAGE, "key")[1:] for name in row[0].split(",")}
    assert explained == set(values) - {"value"}
