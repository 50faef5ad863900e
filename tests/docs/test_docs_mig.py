"""What the page on `mig` says is so."""

import numpy as np
from doc_pages import table_of

from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.metrics.factors.config import MIGConfig
from disentangle_eval.metrics.factors.mig import MIGMetric
from disentangle_eval.metrics.subject import CodeTable

PAGE = "metrics/mig.md"


def test_chance_levels():
    space = FactorSpace(("shape", "scale", "orientation", "x", "y"), (3, 6, 40, 32, 32))
    table = CodeTable(np.random.default_rng(0).normal(size=(len(space), 10)), space)
    for images, *levels in table_of(PAGE, "images")[1:]:
        scores = MIGMetric(MIGConfig(num_train=int(images))).score(table, seed=0)
        assert [f"{level:.3f}" for level in (scores.values["value"], scores.chance)] == levels
