"""`deval train --follow`: every snapshot is scored, the best one kept, and training ended where nothing gets better."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from cli_tiny import TINY

from disentangle_eval.checkpoint import load
from disentangle_eval.errors import DevalError
from disentangle_eval.following import best_iteration, followed
from disentangle_eval.results import Result, append
from disentangle_eval.scoring import several
from disentangle_eval.training.folder import RunFolder
from disentangle_eval.training.training import Training

pytestmark = pytest.mark.usefixtures("unrendered_plots")


def values_of(folder):
    return [json.loads(line)["value"] for line in (folder / "results.jsonl").read_text().splitlines()]


@pytest.fixture(autouse=True)
def scores(monkeypatch):
    """A followed metric whose values are 1, 3, 2, 2, ... in the order in which snapshots are scored."""
    given = iter([1.0, 3.0, 2.0, 2.0, 2.0, 2.0])

    def measure(measurement, subject, seed, about):
        spec = measurement.metric.spec
        return Result(
            metric=spec.name,
            metric_version=spec.version,
            value=next(given),
            better=spec.better,
            chance=None,
            details={},
            settings={"protocol": measurement.protocol, **measurement.cfg.model_dump(mode="json")},
            seed=seed,
            seconds=0.0,
            **about,
        )

    monkeypatch.setattr(several, "measure", measure)


def train(deval, folder, *options):
    quick = ("--log-every", "1", "--snapshot-every", "1", "--follow", "mig")
    return deval("train", "ibgan", *TINY, "--iterations", "5", *quick, "--out", folder, *options)


def test_the_best_snapshot_is_kept_and_training_goes_on_to_its_end(deval, tmp_path):
    answer = train(deval, tmp_path / "run")
    assert answer.code == 0, answer.err
    assert values_of(tmp_path / "run") == [1, 3, 2, 2, 2, 2]
    assert load(tmp_path / "run" / "best.pt").iteration == 1
    assert "best 3.0000 at 1" in answer.err
    assert not any("warning" in line and "mig" in line for line in answer.err.splitlines())


def test_patience_ends_training_after_as_many_snapshots_without_a_better_score(deval, tmp_path):
    answer = train(deval, tmp_path / "run", "--patience", 2)
    assert answer.code == 0, answer.err
    assert values_of(tmp_path / "run") == [1, 3, 2, 2]
    assert answer.out == f"{tmp_path / 'run' / 'checkpoint.pt'}\n"
    assert load(tmp_path / "run" / "checkpoint.pt").iteration == 3
    assert "stopping: 2 snapshots without a better mig" in answer.err


def test_a_checkpoint_that_was_scored_between_snapshots_is_none_of_them(tmp_path):
    """As after an interrupt: its weights are gone once the run goes on."""
    folder = RunFolder(tmp_path)
    score = Result(
        metric="mig",
        metric_version=1,
        value=1.0,
        better="higher",
        chance=None,
        details={},
        settings={},
        seed=0,
        seconds=0,
    )
    found = [(0, 1.0, "00000000.pt"), (7, 9.0, "checkpoint.pt"), (10, 2.0, "00000010.pt"), (20, 3.0, "00000020.pt")]
    scores = [replace(score, iteration=at, value=value, checkpoint=name) for at, value, name in found]
    for one in scores:
        append(folder.results, one)
    assert followed(folder, scores[2]) == {0: 1.0, 10: 2.0}


def test_scoring_leaves_training_its_threads(deval, tmp_path, monkeypatch):
    monkeypatch.setattr("disentangle_eval.runtime.threads.available_cores", lambda: 1)
    threads, seen = torch.get_num_threads(), []
    advance = Training.stretch
    monkeypatch.setattr(Training, "stretch", lambda *rest: seen.append(torch.get_num_threads()) or advance(*rest))
    try:
        assert train(deval, tmp_path / "run", "--threads", 2).code == 0
    finally:
        torch.set_num_threads(threads)
    assert seen == [2] * 5


def test_a_score_that_fails_is_a_warning_and_costs_no_training(deval, tmp_path, monkeypatch):
    measured, scored = several.measure, []

    def fails_once(*arguments):
        scored.append(arguments)
        if len(scored) == 2:
            raise DevalError("metric 'mig' of deval-strange 1: no such luck")
        return measured(*arguments)

    monkeypatch.setattr(several, "measure", fails_once)
    answer = train(deval, tmp_path / "run")
    assert answer.code == 0, answer.err
    assert answer.err.count("warning: --follow mig: metric 'mig' of deval-strange 1: no such luck") == 1
    assert load(tmp_path / "run" / "checkpoint.pt").iteration == 5
    assert values_of(tmp_path / "run") == [1, 3, 2, 2, 2]
    assert load(tmp_path / "run" / "best.pt").iteration == 2


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--follow", "cluster-accuracy"), "needs"),
        (("--follow", "nothing"), "nothing"),
        (("--follow", "all"), "one metric"),
    ],
)
def test_what_cannot_be_followed_is_refused_before_training(deval, tmp_path, options, told):
    answer = deval("train", "ibgan", *TINY, "--iterations", "1", "--out", tmp_path / "run", *options)
    assert answer.code == 2
    assert told in answer.error
    assert not (tmp_path / "run" / "run.json").exists()


def test_patience_follows_something(deval, tmp_path):
    answer = deval("train", "ibgan", *TINY, "--iterations", "1", "--out", tmp_path / "run", "--patience", "2")
    assert "--follow METRIC" in answer.error


def test_of_equal_scores_the_first_is_the_best():
    assert best_iteration({0: 1.0, 10: 2.0, 20: 2.0}, "higher") == 10
    assert best_iteration({0: 1.0, 10: 2.0, 20: 1.0}, "lower") == 0
