"""`deval runs`, `compare`, `plot` and `report`: many runs from the command line, as text, data, a figure and a page."""

import csv
import json

import pytest
from PIL import Image
from run_folders import write_run

import disentangle_eval as de
from disentangle_eval.errors import UsageError


@pytest.fixture
def folder(tmp_path):
    """Two settings with two seeds each, whose scores are seed + beta."""
    for beta in (1, 4):
        for seed in (0, 1):
            write_run(tmp_path / "runs" / f"beta{beta}-seed{seed}", seed, beta)
    return tmp_path / "runs"


def test_runs_are_listed_as_a_table_as_csv_and_as_json(deval, folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    (header, *rows) = csv.reader(deval("runs", "--csv").out.splitlines())
    assert header == ["run", "model and settings", "data", "seed", "iteration", "state", "scores"]
    first = dict(zip(header, rows[0], strict=True))
    assert len(rows) == 4
    assert first["run"] == "runs/beta1-seed0"
    assert (first["seed"], first["iteration"], first["scores"]) == ("0", "20 of 20", "mig:p 1.000")
    described = json.loads(deval("runs", "runs", "--json").out)
    assert [(run["seed"], run["config"]["beta"], run["iteration"]) for run in described] == [
        (0, 1, 20),
        (1, 1, 20),
        (0, 4, 20),
        (1, 4, 20),
    ]
    assert described[0]["results"][0]["value"] == 1
    assert "20 of 20" in deval("runs", "runs").out
    assert "at most one of them" in deval("runs", "runs", "--json", "--csv").error


def test_of_several_draws_of_a_score_the_lowest_seed_is_listed(deval, folder):
    results = folder / "beta1-seed0" / "results.jsonl"
    score = json.loads(results.read_text())
    results.write_text("".join(json.dumps(score | {"seed": seed, "value": seed}) + "\n" for seed in (9, 8)))
    assert next(csv.DictReader(deval("runs", folder, "--csv").out.splitlines()))["scores"] == "mig:p 8.000"


def test_runs_are_compared_as_a_table_and_in_every_form(deval, folder):
    shown = deval("compare", folder).out
    assert "beta=1" in shown
    assert "1.500" in shown  # the mean of 1 and 2
    assert json.loads(deval("compare", folder, "--json").out)
    for form, part in (("--csv", ","), ("--markdown", "| "), ("--latex", "\\toprule")):
        assert part in deval("compare", folder, form).out


def test_trials_that_a_comparison_of_a_study_lacks_are_counted(deval, folder, tmp_path):
    study = {"name": "some", "trials": ["beta1-seed0", "beta1-seed1", "beta4-seed0", "beta16-seed0"]}
    (tmp_path / "study").mkdir()
    folder.rename(tmp_path / "study" / "trials")
    (tmp_path / "study" / "study.json").write_text(json.dumps(study))
    notes = deval("compare", f"ours={tmp_path / 'study'}").out.splitlines()[-2:]
    assert notes == ["study 'some': 1 trial not begun", "study 'some': 1 trial no longer in its file"]


def test_runs_are_compared_under_labels_from_python(folder):
    comparison = de.compare({"one": folder / "beta1-seed0", "other": folder / "beta4-seed0"})
    assert comparison.rows == ("one", "other")
    assert comparison.to_text("csv").startswith("setting,score,metric")
    assert "| one | 1.0000 (1) |" in comparison._repr_markdown_()
    with pytest.raises(UsageError, match="expected one of: markdown, csv, latex, json"):
        comparison.to_text("html")


def test_scores_by_some_metrics_alone_are_compared(deval, folder):
    for results in folder.glob("*/results.jsonl"):
        line = results.read_text()
        results.write_text(line + line.replace('"p"', '"q"') + line.replace('"mig"', '"sap"'))

    def titles(*metrics):
        return [column.title for column in de.compare(folder, metrics=metrics).columns]

    assert titles() == ["mig p", "mig q", "sap p"]
    assert titles("mig") == ["mig p", "mig q"]
    assert titles("mig:q", "sap") == ["mig q", "sap p"]
    assert "mig q" not in deval("compare", folder, "--metric", "mig:p").out
    assert "expected a metric of these runs' scores: mig, mig:p" in deval("compare", folder, "--metric", "mgi").error


def test_the_best_setting_and_run_are_named_with_their_scores(deval, folder):
    setting, run = deval("compare", folder, "--best", "mig").out.splitlines()
    assert setting.startswith("best setting by mig")
    assert "beta=4, mean 4.5000 ± 0.7071 [" in setting
    assert setting.endswith("] (2), chance 0.1000")
    assert run.endswith(", seed 1, 5.0000")
    assert "at most one of them" in deval("compare", folder, "--best", "mig", "--csv").error
    assert "received --csv with --json, expected at most one" in deval("compare", folder, "--csv", "--json").error


def test_a_figure_of_runs_goes_where_it_is_asked_to(deval, folder, tmp_path):
    assert deval("plot", "dimensions", folder, "-o", tmp_path / "a.png").out == f"{tmp_path / 'a.png'}\n"
    Image.open(tmp_path / "a.png").verify()
    strip = ("plot", "strip", folder, "--show", "mig", "--level", 1.5, "a paper", "-o", tmp_path / "new" / "b.SVG")
    assert deval(*strip).code == 0
    assert "a paper" in (tmp_path / "new" / "b.SVG").read_text()
    assert "draws no lines" in deval("plot", "dimensions", folder, "--level", 1.5, "a paper").error
    assert "ends in .png, .svg or .pdf" in deval("plot", "strip", folder, "--show", "mig", "-o", "a.jpg").error


def test_a_figure_of_runs_is_drawn_from_python(folder):
    drawn = de.plot("strip", {"ours": folder}, "mig", levels={"a paper": 1.5})
    assert [label.get_text() for label in drawn.axes[0].get_yticklabels()] == ["ours beta=1 (2)", "ours beta=4 (2)"]
    assert len(de.plot("dimensions", folder).axes) == 2
    with pytest.raises(UsageError, match="kind: received 'stripe'"):
        de.plot("stripe", folder, "mig")


def test_a_page_of_runs_has_the_title_and_says_what_is_missing(deval, folder, tmp_path):
    page = tmp_path / "new" / "report.html"
    assert deval("report", folder, "-o", page, "--title", "beta & its price").out == f"{page}\n"
    assert "beta &amp; its price" in page.read_text()
    assert page.read_text().count("No pictures of the model: checkpoint: no checkpoint.pt") == 4
    deval("report", folder, "-o", page)
    assert "<title>runs</title>" in page.read_text()
