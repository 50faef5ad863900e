"""Studies that lose a node or their driver, and Ray where it is installed: no number changes, nothing is left."""

import functools
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
from tiny_studies import LONGER, Here, study

from disentangle_eval.study.cluster import TOKEN_FILE, RayCluster, is_installed, short_folder, token_in
from disentangle_eval.study.comparing import compare
from disentangle_eval.study.processes import STOPPED, Processes
from disentangle_eval.study.running import StudyFolder, run_study, states_of
from disentangle_eval.study.runs import find_runs
from disentangle_eval.study.tables import FORMATS
from disentangle_eval.training.folder import RunFolder

needs_ray = pytest.mark.skipif(not is_installed(), reason="Ray is not installed")

# A node counts as lost after seconds, not after half a minute, and trials compute as eagerly as others.
IMPATIENT = {
    "RAY_worker_niceness": "0",
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "5000",
    "RAY_health_check_failure_threshold": "3",
}


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    for name, value in IMPATIENT.items():
        monkeypatch.setenv(name, value)


def table_and_logs(folder):
    runs = find_runs([folder.root])
    return FORMATS["json"](compare(runs)), [(run.folder / "log.jsonl").read_bytes() for run in runs]


def wait_for(condition, seconds=120):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.fixture(scope="module")
def undisturbed(grid, tmp_path_factory):
    """The table and logs of the longer study with some seeds, when nothing goes wrong."""

    @functools.cache
    def found(seeds):
        folder = StudyFolder(tmp_path_factory.mktemp("undisturbed"))
        run_study(study(grid, **LONGER, seeds=seeds), folder, Here(), device="cpu")
        return table_and_logs(folder)

    return found


@needs_ray
def test_a_node_that_is_lost_in_the_middle_of_a_trial_changes_no_number(grid, undisturbed, tmp_path):
    folder = StudyFolder(tmp_path / "study")
    script = Path(__file__).with_name("two_nodes.py")
    with tempfile.TemporaryDirectory(prefix="rt-") as temporary:
        token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token_in(tmp_path))}
        environment = {**os.environ, **token, "RAY_TMPDIR": temporary}
        command = [sys.executable, str(script), grid, str(folder.root)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=True)
    assert "lost a node" in done.stdout
    assert "{'done': 2} 0" in done.stdout
    assert table_and_logs(folder) == undisturbed("0-1")


@pytest.mark.parametrize(("engine", "seeds"), [("processes", "0"), pytest.param("ray", "0-1", marks=needs_ray)])
def test_a_killed_driver_leaves_nothing_behind_and_the_next_one_goes_on(engine, seeds, grid, undisturbed, tmp_path):
    folder, longer = StudyFolder(tmp_path / "study"), study(grid, **LONGER, seeds=seeds)
    script = Path(__file__).with_name("driver.py")
    trials = [RunFolder(folder.trials / trial.folder) for trial in longer.trials]
    with tempfile.TemporaryDirectory(prefix="rt-") as temporary:
        command = [sys.executable, str(script), grid, str(folder.root), seeds, engine]
        with subprocess.Popen(command, env={**os.environ, "TMPDIR": temporary}) as driver:
            wait_for(lambda: all(trial.log.exists() and trial.log.read_text().count("\n") >= 5 for trial in trials))
            assert len(list(Path(temporary).glob("dv-*"))) == (engine == "ray")
            driver.send_signal(signal.SIGKILL)
        wait_for(lambda: not list(Path(temporary).glob("dv-*")))
        wait_for(lambda: not any(trial.is_locked() for trial in trials))
    assert {state.state for state in states_of(folder)} == {"begun"}
    assert run_study(longer, folder, Processes(at_a_time=2), device="cpu") == Counter(done=len(trials))
    assert table_and_logs(folder) == undisturbed(seeds)


@needs_ray
def test_a_study_on_ray_is_done_and_leaves_no_folder_behind(grid, tmp_path):
    before = set(Path(tempfile.gettempdir()).glob("dv-*"))
    folder = StudyFolder(tmp_path / "study")
    assert run_study(study(grid, seeds="0-1"), folder, RayCluster(folder.root, at_a_time=2), device="cpu") == Counter(
        done=2
    )
    assert {state.state for state in states_of(folder)} == {"done"}
    assert set(Path(tempfile.gettempdir()).glob("dv-*")) == before


@pytest.mark.parametrize("when", ["connecting", "submitting"])
def test_a_signal_before_all_jobs_are_submitted_ends_the_study(when, monkeypatch, tmp_path):
    """Connecting takes seconds; a job that was not stopped would train to its end."""
    submitted, cancelled = [], []
    engine = RayCluster(tmp_path, "auto")

    def submit(job):
        submitted.append(job)
        if when == "submitting":
            engine.stop(signal.SIGTERM)
        return job

    ray = SimpleNamespace(
        init=lambda **options: engine.stop(signal.SIGTERM) if when == "connecting" else None,
        remote=lambda **options: lambda work: SimpleNamespace(remote=submit),
        wait=lambda references, num_returns: (references[:1], references[1:]),
        get=lambda reference: 0,
        cancel=lambda reference, force: cancelled.append(reference),
        shutdown=lambda: None,
        exceptions=SimpleNamespace(RayError=RuntimeError),
    )
    monkeypatch.setitem(sys.modules, "ray", ray)
    assert dict(engine.run(["first", "second"])) == dict.fromkeys(("first", "second"), STOPPED)
    assert submitted == cancelled == ([] if when == "connecting" else ["first"])


def test_a_short_folder_is_gone_at_the_end():
    with short_folder() as folder:
        (folder / "file").write_text("")
        assert len(str(folder)) < len(tempfile.gettempdir()) + 16
    assert not folder.exists()


def test_the_token_of_a_study_is_in_its_folder_and_its_owner_s_alone(tmp_path):
    path = token_in(tmp_path / "study")
    assert path == tmp_path / "study" / TOKEN_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert token_in(tmp_path / "study").read_text() == path.read_text()
