"""What the page on the downstream task says is so."""

import numpy as np
from doc_pages import read, shown, table_of

from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.metrics.codes import CodeTable
from disentangle_eval.metrics.downstream import DownstreamMetric
from disentangle_eval.metrics.downstream_config import DownstreamConfig

PAGE = "metrics/downstream.md"


def test_protocols():
    (_, *protocols), *rows = table_of(PAGE, "setting")
    assert protocols == list(DownstreamConfig.protocols)
    assert {row[0] for row in rows} == set(DownstreamConfig.model_fields)
    for position, protocol in enumerate(protocols):
        cfg = DownstreamConfig(**DownstreamConfig.protocols[protocol])
        for field, *cells in rows:
            value = getattr(cfg, field)
            if field == "train_sizes":
                assert tuple(int(size) for size in cells[position].split(", ")) == value
            else:
                assert read(cells[position]) == shown(value), (protocol, field)


def test_every_key_has_its_row():
    table = CodeTable(np.eye(9), FactorSpace(("a", "b"), (3, 3)))
    cfg = DownstreamConfig(predictor="boosted-trees", train_sizes=(10, 20), num_test=20, stages=2)
    values = DownstreamMetric(cfg).score(table, 0).values
    explained = {name.strip() for row in table_of(PAGE, "key")[1:] for name in row[0].split(",")}
    assert explained == set(values) - {"value"}
