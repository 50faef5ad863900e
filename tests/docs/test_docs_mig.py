"""What the page on `mig` says is so."""

import numpy as np
from doc_pages import blocks, printed_by, table_of

from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.metrics.factors.config import MIGConfig
from disentangle_eval.metrics.factors.mig import MIGMetric
from disentangle_eval.metrics.subject import CodeTable

PAGE = "metrics/mig.md"


def test_the_example_prints_what_stands_below_it():
    assert printed_by(PAGE) == blocks(PAGE, "text")[0]


def test_every_key_of_a_result_has_its_row():
    space = FactorSpace(("a", "b"), (3, 4))
    scores = MIGMetric(MIGConfig()).score(CodeTable(space.classes(np.arange(12)), space), seed=0)
    explained = {name.strip() for row in table_of(PAGE, "key")[1:] for name in row[0].split(",")}
    assert explained == set(scores.values) - {"value"}


def test_chance_levels():
    space = FactorSpace(("shape", "scale", "orientation", "x", "y"), (3, 6, 40, 32, 32))
    table = CodeTable(np.random.default_rng(0).normal(size=(len(space), 10)), space)
    for images, *levels in table_of(PAGE, "images")[1:]:
        scores = MIGMetric(MIGConfig(num_train=int(images))).score(table, seed=0)
        assert [f"{level:.3f}" for level in (scores.values["value"], scores.chance)] == levels
