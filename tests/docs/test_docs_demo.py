"""The scores of the demo on the pages are those of its run in evidence/."""

import json

from doc_pages import DOCS, PAGES, evidence, read, scored, shell_lines

RUN = "vae-dsprites-demo"


def test_the_demo_s_score_on_the_pages():
    found = scored(RUN, "factorvae")
    value, chance = f"{found['value']:.2f}", f"{found['chance']:.2f}"
    readme = (DOCS.parent / "README.md").read_text()
    assert f"scores {value} under `factorvae` `ib-gan` (chance {chance}) after 600 iterations" in readme
    assert f"After 600 iterations this VAE scores {value}, where chance is {chance}." in PAGES["tutorial.md"]


def test_what_the_tutorial_prints_is_that_run():
    command = json.loads((DOCS.parent / "evidence" / "runs" / RUN / "run.json").read_text())["settings"]["command"]
    assert command.replace("runs/demo-1", "first") in shell_lines("tutorial.md")
    details = scored(RUN, "factorvae")["details"]
    cells = [
        [cell.strip() for cell in line.split("│")[1:-1]] for line in PAGES["tutorial.md"].splitlines() if "│" in line
    ]
    values = {cell[0]: cell[1] for cell in cells if len(cell) == 2}
    for name in ("train_accuracy", "eval_accuracy", "train_chance", "eval_chance"):
        assert values[name] == f"{details[name]:.4f}", name
    votes = [[read(cell) for cell in row[1:]] for row in cells if len(row) == 6 and row[0].isdigit()]
    assert votes == details["votes"]
    last = evidence(f"runs/{RUN}/log.jsonl")[-1]
    terms = " ".join(f"{name} {last[name]:.4g}" for name in ("loss_vae", "reconstruction", "total_kl"))
    assert terms in " ".join(PAGES["tutorial.md"].split())
