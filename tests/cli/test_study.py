"""`deval study run` and `status`: what is refused before it starts, how it ends, and what is said of each trial."""

import json
import os
import signal

import numpy as np
import pytest
from run_folders import write_run

from disentangle_eval.cli import study_run
from disentangle_eval.errors import UsageError
from disentangle_eval.study.design import Study, StudySettings, Trial
from disentangle_eval.study.processes import STOPPED
from disentangle_eval.study.running import StudyFolder


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A study of two trials, as a file in the working folder."""
    monkeypatch.chdir(tmp_path)
    images = np.zeros((16, 28, 28), dtype=np.uint8)
    images[np.arange(16), np.arange(16), :] = 255
    np.savez(tmp_path / "grid.npz", images=images, factor_sizes=[4, 4])
    return written(tmp_path / "tiny.toml", seeds="0-1")


def written(path, metric="mig", **changes):
    lines = ['name = "tiny"', 'dataset = "npz:grid.npz"', "iterations = 3", f'metrics = ["{metric}"]']
    lines += [f"{name} = {value!r}" for name, value in changes.items()]
    path.write_text("\n".join([*lines, "[[models]]", 'model = "vae"', "batch_size = 4", "hidden = 16", ""]))
    return path


class Engine:
    """Trains nothing: each job ends with the code, before which the study may receive a signal."""

    def __init__(self, code, received=None):
        self.code, self.received, self.stopped = code, received, []

    def run(self, jobs):
        for job in jobs:
            if self.received:
                os.kill(os.getpid(), self.received)
            yield job, self.code

    def stop(self, number):
        self.stopped.append(number)


@pytest.fixture
def engine(monkeypatch):
    def use(*arguments):
        engine = Engine(*arguments)
        monkeypatch.setattr(study_run, "engine_of", lambda *_: engine)
        return engine

    return use


def test_a_dry_run_says_what_there_is_to_do_and_starts_nothing(deval, file, tmp_path):
    answer = deval("study", "run", file, "--dry-run", "--workers", 2)
    assert answer.code == 0, answer.err
    row = next(line.split() for line in answer.out.splitlines() if "npz:grid.npz" in line)
    assert "2" in row
    assert "3" in row
    assert "2 trials, 0 seconds of training one after the other" in answer.out
    assert "with 2 at a time" in answer.out
    assert not (tmp_path / "studies").exists()


def test_every_mistake_is_a_line_before_anything_starts(deval, file, tmp_path):
    unknown = deval("study", "run", written(tmp_path / "a.toml", metric="nothing", itertions=3))
    absent = deval("study", "run", written(tmp_path / "b.toml", metric="cluster-accuracy"))
    assert (unknown.code, absent.code) == (2, 2)
    assert "itertions" in unknown.error
    assert "cluster-accuracy" in absent.err
    assert "does not offer" in absent.err
    assert deval("study", "run", tmp_path / "b.toml", "--dry-run").err == absent.err
    assert not (tmp_path / "studies").exists()


def test_trials_that_the_system_kills_are_failures_with_the_cause(deval, file, engine):
    engine(-signal.SIGKILL)
    answer = deval("study", "run", file, "--device", "cpu")
    assert (answer.code, answer.out) == (1, "2 failed\nnext: deval compare studies/tiny\n")
    assert answer.err.count("ended by signal 9, as the system does where memory runs out") == 2
    assert "--retry-failed runs the failed trials again" in answer.err
    states = json.loads(deval("study", "status", "studies/tiny", "--json").out)
    assert [(state["state"], state["iteration"]) for state in states] == [("failed", 0), ("failed", 0)]
    assert "ended by signal 9" in states[0]["cause"]
    shown = deval("study", "status", "studies/tiny").out
    assert deval("study", "status", file).out == shown
    assert "0 of 3" in shown
    assert shown.endswith("2 failed\n")
    engine(STOPPED)
    assert deval("study", "run", file, "--device", "cpu").out.startswith("2 failed")
    assert deval("study", "run", file, "--device", "cpu", "--retry-failed").out.startswith("2 waiting")


def test_a_signal_stops_the_trials_and_the_exit_code_says_which_it_was(deval, file, engine):
    used = engine(STOPPED, signal.SIGTERM)
    answer = deval("study", "run", file, "--device", "cpu")
    assert answer.code == 128 + signal.SIGTERM
    assert used.stopped[0] == signal.SIGTERM
    assert "stopped; the same command continues" in answer.err


def test_without_ray_an_address_is_refused(deval, file, monkeypatch):
    monkeypatch.setattr(study_run, "is_installed", lambda: False)
    assert "pip install ray" in deval("study", "run", file, "--address", "auto").error


def test_progress_is_shown_without_the_plugins_that_a_study_is_of(deval, tmp_path):
    """`bend` has a score in the files, `curl` has none, and `mig` has one under a protocol that it no longer has."""
    folder = StudyFolder(tmp_path)
    trials = [
        Trial(
            model="gone",
            distribution="deval-gone",
            version=1,
            dataset="lost:a.npz",
            preset=None,
            seed=seed,
            changes={},
            config={"iterations": 20},
            run={"precision": "float32"},
            metrics=metrics,
            score_seed=0,
            snapshots="last",
        )
        for seed, metrics in enumerate([("bend:p", "mig:p"), ("bend:q",), ("curl",)])
    ]
    for trial in trials:
        write_run(folder.trials / trial.folder, trial.seed, beta=1)
        with (folder.trials / trial.folder / "results.jsonl").open("r+") as results:
            results.write(results.read().replace("mig", "bend"))
    folder.write(Study(name="s", settings=StudySettings(name="s"), trials=tuple(trials)))
    answer = deval("study", "status", tmp_path, "--json")
    assert (answer.code, answer.err.count("\n")) == (0, 1)
    assert [state["state"] for state in json.loads(answer.out)] == ["done", "begun", "begun"]
    missing = "model 'gone' (pip install deval-gone), data set 'lost', metric 'bend', metric 'curl'"
    assert answer.err.startswith(
        f"warning: no installed plugin provides {missing}; metric 'mig:p': protocol: received 'p'"
    )


def test_a_folder_or_file_that_is_no_study_is_named(deval, file, tmp_path):
    assert "which has no study.json" in deval("study", "status", tmp_path).error
    assert f"has not run in studies/tiny; type: deval study run {file}" in deval("study", "status", file).error
    assert "which does not exist" in deval("study", "run", tmp_path / "absent.toml").error
    (tmp_path / "bad.toml").write_text("name = ")
    assert "expected a TOML file" in deval("study", "run", tmp_path / "bad.toml").error
    (tmp_path / "trials" / "one").mkdir(parents=True)
    (tmp_path / "trials" / "one" / "trial.json").write_text('{"metrics": [], "model": "vae"}')
    for contents in ("{", "[]", "{}", '{"trials": ["one"]}'):
        (tmp_path / "study.json").write_text(contents)
        assert "`deval study run` with the study's own file writes it anew" in deval("study", "status", tmp_path).error


@pytest.mark.parametrize(
    ("ray", "given", "said"),
    [
        (False, ("auto", 0.0, None), "--address: received 'auto', expected the package ray"),
        (False, (None, 0.5, None), "--gpus-per-trial: received 0.5, expected the package ray"),
        (True, ("auto", 0.0, 2), "--workers: received --address as well"),
    ],
)
def test_what_an_engine_cannot_follow_is_refused(monkeypatch, tmp_path, ray, given, said):
    address, gpus, workers = given
    monkeypatch.setattr(study_run, "is_installed", lambda: ray)
    with pytest.raises(UsageError, match=said):
        study_run.engine_of(StudyFolder(tmp_path), address, 1, gpus, workers)
