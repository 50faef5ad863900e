"""One trial in its process: what fails in scoring costs no other score, and what trains in its folder is waited for."""

import os
import threading
from dataclasses import replace

import pytest
from tiny_studies import study

from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.scoring import measuring
from disentangle_eval.study import trial as trials
from disentangle_eval.study.processes import Job
from disentangle_eval.study.running import StudyFolder, states_of
from disentangle_eval.training.folder import RunFolder


@pytest.fixture
def trained(grid, tmp_path):
    """A study's only trial, trained and not scored: its folder, and the study's."""
    tiny, folder = study(grid, metrics=["mig", "sap"]), StudyFolder(tmp_path / "study")
    folder.write(tiny)
    path = folder.trials / tiny.trials[0].folder
    assert trials.train_trials({path: tiny.trials[0]}, 1, "cpu", None) == (None, {})
    return path, folder


@pytest.mark.parametrize(
    ("error", "said"),
    [(DevalError("metric 'mig': no luck"), "mig: metric 'mig': no luck"), (KeyError("a"), "mig: KeyError: 'a'")],
)
def test_a_metric_that_fails_costs_no_other_score_and_is_tried_again(trained, monkeypatch, error, said):
    path, folder = trained
    measured = measuring.measure

    def fails_for_mig(measurement, *rest):
        if measurement.metric.spec.name == "mig":
            raise error
        return measured(measurement, *rest)

    (trial,) = folder.read()
    monkeypatch.setattr(measuring, "measure", fails_for_mig)
    assert trials.score_trial(trial, path, "cpu", None) == [said]
    (state,) = states_of(folder)
    assert (state.state, [result["metric"] for result in state.run.results]) == ("begun", ["sap"])
    monkeypatch.setattr(measuring, "measure", measured)
    assert trials.score_trial(trial, path, "cpu", None) == []
    (state,) = states_of(folder)
    assert (state.state, [result["metric"] for result in state.run.results]) == ("done", ["sap", "mig"])


def test_other_threads_or_a_device_that_is_gone_fail_no_trial_that_lacks_scores_alone(trained, monkeypatch):
    """Its training is done, so it needs neither, nor its data for training."""
    path, folder = trained
    (trial,) = folder.read()
    run = RunFolder(path)
    run.write_run({**run.read_run(), "settings": {**run.read_run()["settings"], "device": "cuda:7"}})
    assert trials.run_trials({path: trial}, 2, "auto", None) == 0
    assert [state.state for state in states_of(folder)] == ["done"]


def test_a_trial_that_goes_on_keeps_its_threads(trained):
    path, folder = trained
    (trial,) = folder.read()
    assert trials.plan_trial(trial, path, 2, "auto").settings.threads == 1


def test_a_trial_ends_with_the_process_that_started_it(monkeypatch):
    """That process is named, since it may be gone before the trial has looked which one it is."""
    parents = []
    monkeypatch.setattr(trials, "end_with_parent", parents.append)
    monkeypatch.setattr(trials, "run_trials", lambda *arguments: 0)
    assert trials.main(Job((), threads=1).command()[3:]) == 0
    assert parents == [os.getpid()]


def test_every_snapshot_is_scored_once_where_a_study_asks_for_all(grid, tmp_path):
    tiny, folder = study(grid, metrics=["mig"], snapshots="all", snapshot_every=1), StudyFolder(tmp_path / "study")
    folder.write(tiny)
    path = folder.trials / tiny.trials[0].folder
    trials.train_trials({path: tiny.trials[0]}, 1, "cpu", None)
    assert states_of(folder)[0].state == "begun"
    for _ in range(2):
        assert trials.score_trial(tiny.trials[0], path, "cpu", None) == []
        (state,) = states_of(folder)
        assert state.state == "done"
        assert [result["iteration"] for result in state.run.results] == [0, 1, 2, 3]


def test_a_study_scores_models_with_clean_batch_statistics_where_it_says_so(grid, tmp_path):
    tiny = study(
        grid,
        models=[{"model": "ibgan", "generator_width": 2, "discriminator_width": 2, "batch_size": 4}],
        batch_statistics="clean",
    )
    folder = StudyFolder(tmp_path / "study")
    folder.write(tiny)
    path = folder.trials / tiny.trials[0].folder
    trials.train_trials({path: tiny.trials[0]}, 1, "cpu", None)
    assert trials.score_trial(replace(tiny.trials[0], batch_statistics="running"), path, "cpu", None) == []
    assert states_of(folder)[0].state == "begun"
    assert trials.score_trial(tiny.trials[0], path, "cpu", None) == []
    (state,) = states_of(folder)
    assert state.state == "done"
    of_training, clean = (result["settings"]["protocol"] for result in state.run.results)
    assert clean == f"{of_training}, batch_statistics=clean"


def test_a_trial_waits_for_the_process_that_still_saves_in_its_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(trials, "POLL_SECONDS", 0.01)
    folder = RunFolder(tmp_path)
    with folder.lock():
        monkeypatch.setattr(trials, "LOCK_SECONDS", 0.0)
        with pytest.raises(UsageError, match="another process still trains in"):
            trials.wait_for_lock(folder)
        monkeypatch.setattr(trials, "LOCK_SECONDS", 60.0)
        waiting = threading.Thread(target=trials.wait_for_lock, args=[folder])
        waiting.start()
        waiting.join(0.1)
        assert waiting.is_alive()
    waiting.join(60)
    assert not waiting.is_alive()
