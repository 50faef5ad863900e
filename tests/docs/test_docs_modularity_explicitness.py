"""What the page on `modularity-explicitness` says is so."""

import numpy as np
from doc_pages import blocks, printed_by, table_of

from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.metrics.factors.config import ModularityExplicitnessConfig
from disentangle_eval.metrics.factors.modularity_explicitness import ModularityExplicitnessMetric
from disentangle_eval.metrics.subject import CodeTable

PAGE = "metrics/modularity-explicitness.md"


def test_the_example_prints_what_stands_below_it():
    assert printed_by(PAGE) == blocks(PAGE, "text")[0]


def test_every_key_of_a_result_has_its_row():
    space = FactorSpace(("a", "b"), (3, 4))
    scores = ModularityExplicitnessMetric(ModularityExplicitnessConfig()).score(
        CodeTable(space.classes(np.arange(12)), space), seed=0
    )
    explained = {name.strip() for row in table_of(PAGE, "key")[1:] for name in row[0].split(",")}
    assert explained == set(scores.values) - {"value"}
