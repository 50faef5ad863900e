"""What the page on the unsupervised scores says is so."""

import numpy as np
from doc_pages import table_of

from disentangle_eval.metrics.independence.config import UnsupervisedConfig
from disentangle_eval.metrics.independence.unsupervised import UnsupervisedMetric
from disentangle_eval.metrics.subject import CodeTable

PAGE = "metrics/unsupervised.md"


def test_every_key_has_its_row():
    table = CodeTable(np.random.default_rng(0).normal(size=(20, 2)))
    explained = {name.strip() for row in table_of(PAGE, "key")[1:] for name in row[0].split(",")}
    values = UnsupervisedMetric(UnsupervisedConfig()).score(table, 0).values
    assert explained == set(values) - {"gaussian_total_correlation"}
