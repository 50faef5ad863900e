"""What the page on the unsupervised disentanglement ranking says is so."""

import numpy as np
from doc_pages import table_of

from disentangle_eval.metrics.independence.config import UDRConfig
from disentangle_eval.metrics.independence.udr import UDRMetric
from disentangle_eval.metrics.subject import CodeTable

PAGE = "metrics/udr.md"


def test_every_key_has_its_row():
    table, peer = (CodeTable(np.random.default_rng(seed).normal(size=(20, 2))) for seed in range(2))
    table.peers = [peer]
    explained = {name.strip() for row in table_of(PAGE, "key")[1:] for name in row[0].split(",")}
    assert explained == set(UDRMetric(UDRConfig()).score(table, 0).values) - {"value"}
