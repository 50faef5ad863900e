"""Studies that really run: trials are trained, scored, skipped, resumed, and their failures recorded."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest
from tiny_studies import Here, study

from disentangle_eval.study.comparing import compare
from disentangle_eval.study.processes import Job, Processes
from disentangle_eval.study.running import StudyFolder, groups, run_study, states_of
from disentangle_eval.study.runs import find_runs
from disentangle_eval.study.tables import FORMATS


def run(study, folder, engine=None, **options):
    return run_study(study, folder, engine or Here(), device="cpu", **options)


@pytest.fixture(scope="module")
def whole(grid, tmp_path_factory):
    """The folder of a study of two seeds that nothing disturbed, one trained after the other; not to be changed."""
    folder = StudyFolder(tmp_path_factory.mktemp("whole") / "study")
    assert run(study(grid, seeds="0-1"), folder) == Counter(done=2)
    return folder


def test_a_study_is_trained_scored_and_then_skipped(grid, whole, tmp_path):
    folder = StudyFolder(shutil.copytree(whole.root, tmp_path / "study"))
    state, _ = states_of(folder)
    checkpoint = state.run.folder / "checkpoint.pt"
    before = checkpoint.stat().st_mtime_ns
    assert [result["metric"] for result in state.run.results] == ["mig"]
    assert run(study(grid, metrics=["mig", "sap"]), folder) == Counter(done=1)
    (state,) = states_of(folder)
    assert checkpoint.stat().st_mtime_ns == before
    assert [result["metric"] for result in state.run.results] == ["mig", "sap"]


def test_a_trial_that_fails_is_recorded_with_its_cause_and_stops_nothing(grid, tmp_path):
    folder = StudyFolder(tmp_path / "study")
    broken = study(grid, models=[{"model": "vae", "batch_size": 4, "hidden": 16, "lr": [1e30, 1e-4]}])
    assert run(broken, folder) == Counter(done=1, failed=1)
    causes = {state.trial.config["lr"]: state.cause for state in states_of(folder)}
    assert "NaN or infinite" in causes[1e30]
    assert run(broken, folder) == Counter(done=1, failed=1)


def test_a_trial_without_a_cause_of_its_own_fails_with_the_code_of_its_process(grid, tmp_path):
    folder = StudyFolder(tmp_path / "study")

    class Ends(Here):
        def run(self, jobs):
            yield from ((job, 1) for job in jobs)

    assert run(study(grid), folder, Ends()) == Counter(failed=1)
    (state,) = states_of(folder)
    assert "ended with exit code 1; the reason is at the end of" in state.cause
    assert state.cause.endswith("output.txt")


def test_a_damaged_trial_fails_and_stops_no_other(grid, whole, tmp_path):
    folder = StudyFolder(shutil.copytree(whole.root, tmp_path / "study"))
    first = study(grid, seeds="0-1").trials[0]
    (folder.trials / first.folder / "run.json").write_text("{")
    assert run(study(grid, seeds="0-2"), folder) == Counter(done=2, failed=1)
    assert "run.json" in states_of(folder)[0].cause


def test_a_killed_trial_resumes_and_its_table_is_that_of_an_undisturbed_one(grid, tmp_path):
    longer = {"iterations": 30, "models": [{"model": "vae", "batch_size": 4, "hidden": 16}]}
    whole, killed = StudyFolder(tmp_path / "whole"), StudyFolder(tmp_path / "killed")
    run(study(grid, **longer), whole)
    killed.write(study(grid, **longer))
    (trial,) = study(grid, **longer).trials
    path = killed.trials / trial.folder
    with subprocess.Popen(Job((path,), 1, "cpu").command(), env={**os.environ, "OMP_NUM_THREADS": "1"}) as process:
        while not (path / "log.jsonl").exists() or (path / "log.jsonl").read_text().count("\n") < 5:
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    assert states_of(killed)[0].state == "begun"
    assert run(study(grid, **longer), killed) == Counter(done=1)
    (first,), (second,) = (find_runs([folder.root]) for folder in (whole, killed))
    assert (first.folder / "log.jsonl").read_bytes() == (second.folder / "log.jsonl").read_bytes()
    assert FORMATS["json"](compare([first])) == FORMATS["json"](compare([second]))


def test_seeds_of_one_setting_share_a_process_and_train_as_each_does_alone(grid, whole, tmp_path):
    together = StudyFolder(tmp_path / "together")
    two = study(grid, seeds="0-1", models=[{"model": "vae", "batch_size": 4, "hidden": 16, "lr": [1e-3, 1e-4]}])
    assert [len(paths) for paths in groups({Path(trial.folder): trial for trial in two.trials}, 8)] == [2, 2]
    assert run(study(grid, seeds="0-1"), together, Processes(at_a_time=1), seeds_per_process=8) == Counter(done=2)
    for one, other in zip(find_runs([whole.root]), find_runs([together.root]), strict=True):
        assert (one.folder / "log.jsonl").read_bytes() == (other.folder / "log.jsonl").read_bytes()
        assert [result["value"] for result in one.results] == [result["value"] for result in other.results]


def test_the_folder_of_a_study_says_what_it_is(grid, tmp_path):
    folder = StudyFolder(tmp_path / "study")
    folder.write(study(grid, seeds="0-1"))
    assert json.loads(folder.file.read_text())["name"] == "tiny"
    assert [state.state for state in states_of(folder)] == ["waiting", "waiting"]
