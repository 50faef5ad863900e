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


def test_noise_on_a_grid_of_few_images_scores_about_a_half_and_so_does_chance():
    code = np.random.default_rng(1).normal(size=(60, 5))
    for metric in ("higgins", "factorvae"):
        assert says(f"metrics/{metric}.md", "a grid of three factors and 60 images noise scores about a half")
        result = de.score(code, factor_sizes=(3, 4, 5), metrics=metric)[metric]
        assert result.value == pytest.approx(0.5, abs=0.1)
        assert result.chance == pytest.approx(0.5, abs=0.1)


def test_what_noise_scores_by_the_number_of_images_is_what_was_measured():
    measured = {(line["images"], line["metric"]): line for line in evidence("benchmarks/chance_of_few_images.jsonl")}
    rows = table_of("metrics/factorvae.md", "images", "smallest class")[1:]
    assert {int(row[0].replace(",", "")) for row in rows} == {images for images, _ in measured}
    for images, smallest, *cells in rows:
        expected = []
        for metric in ("factorvae", "higgins"):
            line = measured[int(images.replace(",", "")), metric]
            assert int(smallest.replace(",", "")) == line["smallest_class"]
            expected += [f"{line['noise_excess']:.3f} ± {line['noise_error']:.3f}", f"{line['chance_excess']:.3f}"]
        assert cells == expected
