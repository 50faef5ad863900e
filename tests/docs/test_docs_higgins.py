"""What the page on the Higgins score says is so."""

import json

import numpy as np
from doc_pages import DOCS, PAGES, blocks, printed_by, table_of

from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.metrics.factors.config import HigginsConfig
from disentangle_eval.metrics.factors.higgins import HigginsMetric
from disentangle_eval.metrics.subject import CodeTable

PAGE = "metrics/higgins.md"
SOLVERS = DOCS.parent / "evidence" / "benchmarks" / "higgins_solvers.jsonl"


def test_the_example_prints_what_stands_below_it():
    assert printed_by(PAGE) == blocks(PAGE, "text")[0]


def test_every_key_has_its_row():
    space = FactorSpace(("a", "b"), (4, 4))
    table = CodeTable(space.classes(np.arange(len(space))), space)
    values = HigginsMetric(HigginsConfig(train_points=50, eval_points=50)).score(table, 0).values
    assert {row[0] for row in table_of(PAGE, "key")[1:]} == set(values) - {"value"}


def test_scores_of_the_two_solvers_are_those_measured():
    measured = [json.loads(line) for line in SOLVERS.read_text().splitlines()]
    cells = {(line["code"], f"{line['unit']:g}", line["protocol"]): line for line in measured}
    rows = table_of(PAGE, "code", "unit")[1:]
    assert {(code, unit) for code, unit, *_ in rows} == {(code, unit) for code, unit, _ in cells}
    for code, unit, closed, closed_loss, converged, converged_loss in rows:
        for protocol, value, loss in (("kim-mnih", closed, closed_loss), ("converged", converged, converged_loss)):
            line = cells[code, unit, protocol]
            assert value == f"{line['value']:.3f}", (code, unit, protocol)
            assert loss == f"{line['train_loss']:.3f}", (code, unit, protocol)


def test_the_picture_is_there():
    assert "(higgins-failure.png)" in PAGES[PAGE]
    assert (DOCS / "metrics" / "higgins-failure.png").is_file()
