"""What the page on the Higgins score says is so."""

import numpy as np
import pytest
from doc_pages import DOCS, PAGES, evidence, says, table_of

import disentangle_eval as de

PAGE = "metrics/higgins.md"


def test_scores_of_the_two_solvers_are_those_measured():
    measured = evidence("benchmarks/higgins_solvers.jsonl")
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


def test_noise_on_a_grid_of_few_images_scores_more_than_its_chance():
    codes = [np.random.default_rng(seed).normal(size=(60, 5)) for seed in range(3)]
    for metric in ("higgins", "factorvae"):
        assert says(f"metrics/{metric}.md", "three factors and 60 images noise scores about a half")
        found = [de.score(code, factor_sizes=(3, 4, 5), metrics=metric)[metric] for code in codes]
        assert np.mean([result.value for result in found]) == pytest.approx(0.5, abs=0.08)
        assert {result.chance for result in found} == {1 / 3}
