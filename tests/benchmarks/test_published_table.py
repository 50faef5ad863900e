"""Rows of the table of results are about the last snapshot, or about the one that a metric without labels chooses."""

import importlib
from pathlib import Path

from disentangle_eval.study.runs import RunRecord

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_the_snapshot_of_a_row(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    published_table = importlib.import_module("published_table")
    scores = {1000: (1.2, 0.7), 2000: (2.1, 0.9), 3000: (1.9, 0.95)}
    results = [
        {"metric": metric, "iteration": iteration, "value": value, "settings": {"protocol": "p"}}
        for iteration, values in scores.items()
        for metric, value in zip(("category-information", "cluster-accuracy"), values, strict=True)
    ]
    run = RunRecord(
        folder=Path(),
        model="infoae",
        distribution="disentangle-eval",
        version=1,
        dataset="mnist",
        seed=0,
        config={},
        settings={},
        iteration=3000,
        state="finished",
        results=results,
    )
    row = {"metric": "cluster-accuracy", "protocol": "p"}
    for chosen_by, expected in (({}, 0.95), ({"chosen_by": "category-information"}, 0.9)):
        at = published_table.results_at({**row, **chosen_by}, run)
        assert [result["value"] for result in at if published_table.counts(row, result)] == [expected]
