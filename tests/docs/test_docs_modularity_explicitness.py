"""What the page on `modularity-explicitness` says is so."""

import contextlib
import io

import numpy as np
from doc_pages import blocks, read, shown, table_of

from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.metrics.codes import CodeTable
from disentangle_eval.metrics.modularity_explicitness import ModularityExplicitnessMetric
from disentangle_eval.metrics.modularity_explicitness_config import ModularityExplicitnessConfig

PAGE = "metrics/modularity-explicitness.md"


def test_protocols():
    (_, *protocols), *rows = table_of(PAGE, "setting")
    assert protocols == list(ModularityExplicitnessConfig.protocols)
    assert {row[0] for row in rows} == set(ModularityExplicitnessConfig.model_fields)
    for position, protocol in enumerate(protocols):
        cfg = ModularityExplicitnessConfig(**ModularityExplicitnessConfig.protocols[protocol])
        for field, *cells in rows:
            assert read(cells[position]) == shown(getattr(cfg, field)), (protocol, field)


def test_the_example_prints_what_stands_below_it():
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(blocks(PAGE, "python")[0], {})
    assert printed.getvalue() == blocks(PAGE, "text")[0]


def test_every_key_of_a_result_has_its_row():
    space = FactorSpace(("a", "b"), (3, 4))
    scores = ModularityExplicitnessMetric(ModularityExplicitnessConfig()).score(
        CodeTable(space.classes(np.arange(12)), space), seed=0
    )
    explained = {name.strip() for row in table_of(PAGE, "key")[1:] for name in row[0].split(",")}
    assert explained == set(scores.values) - {"value"}
