"""What the page on the Higgins score says is so."""

from doc_pages import DOCS, PAGES, evidence, table_of

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
