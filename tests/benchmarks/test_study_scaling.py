"""The benchmark of studies, with one trial of a small model."""

import importlib
import json
from pathlib import Path

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_a_study_is_measured(tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(BENCHMARKS)
    study_scaling = importlib.import_module("study_scaling")
    monkeypatch.setattr(study_scaling, "MODEL", {"model": "beta-vae", "hidden": 8, "batch_size": 4})
    study_scaling.main(
        ["--trials", "1", "--workers", "2", "--iterations", "10", "--out", str(tmp_path / "lines.jsonl")]
    )
    (line,) = [json.loads(text) for text in (tmp_path / "lines.jsonl").read_text().splitlines()]
    assert (line["question"], line["trials"], line["workers"]) == ("study scaling", 1, 2)
    assert 0 < line["training_seconds"] < line["seconds"]
    assert line["overhead_per_trial"] > 0
