"""The benchmark of studies, with two trials."""

import importlib
import json
from pathlib import Path

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_two_trials_are_measured(tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(BENCHMARKS)
    study_scaling = importlib.import_module("study_scaling")
    study_scaling.main(
        ["--trials", "2", "--workers", "2", "--iterations", "10", "--out", str(tmp_path / "lines.jsonl")]
    )
    (line,) = [json.loads(text) for text in (tmp_path / "lines.jsonl").read_text().splitlines()]
    assert (line["question"], line["trials"], line["workers"]) == ("study scaling", 2, 2)
    assert 0 < line["training_seconds"] < 2 * line["seconds"]
    assert line["overhead_per_trial"] > 0
