"""`deval train --seeds`: which seeds, where they go, and that each is the run it is alone."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time

import click
import pytest
import torch
from cli_tiny import TINY

from disentangle_eval.checkpoint import load
from disentangle_eval.cli.main import main
from disentangle_eval.cli.seeds import Processes, SeedList, arguments_of_one, seed_folder, threads_per_process
from disentangle_eval.cli.train_run import train_and_report
from disentangle_eval.training.folder import RunFolder
from disentangle_eval.training.planning import plan_run

pytestmark = pytest.mark.usefixtures("unrendered_plots")

SHORT = [*TINY, "--iterations", "2", "--log-every", "1"]
SMALL = {"batch_size": 4, "generator_width": 2, "discriminator_width": 2, "threads": 1, "iterations": 2}


def plans(folder, *seeds, **settings):
    given = {**SMALL, "log_every": 1, "device": "cpu", **settings}
    return [plan_run("ibgan", {**given, "seed": seed}, folder / f"run{seed}") for seed in seeds]


@pytest.mark.parametrize(
    ("typed", "seeds"), [("0-3", (0, 1, 2, 3)), ("7", (7,)), ("5,0-2, 1", (0, 1, 2, 5)), ("3-3", (3,))]
)
def test_seeds_are_ranges_and_lists(typed, seeds):
    assert SeedList().convert(typed, None, None) == seeds


@pytest.mark.parametrize("typed", ["0-99999999999", "0-10000", "1,5-20000"])
def test_more_seeds_than_anybody_trains_are_refused_at_once(typed):
    with pytest.raises(click.BadParameter, match="expected at most 10000 seeds"):
        SeedList().convert(typed, None, None)


@pytest.mark.parametrize("typed", ["", "a", "3-1", "1-", "-1", "0,,2", "0..3"])
def test_other_seeds_are_refused(typed):
    with pytest.raises(click.BadParameter, match="expected seeds such as 0-9 or 0,2,5-7"):
        SeedList().convert(typed, None, None)


def test_the_command_of_one_seed_is_the_typed_one_with_its_seed():
    typed = ["train", "vae", "--seeds=0-9", "--lr", "0.1", "--out", "x-{seed}", "--threads", "4"]
    one = arguments_of_one(typed, {"--seed": "3", "--out": "x-3", "--threads": "1"})
    assert one == ["train", "vae", "--lr", "0.1", "--seed", "3", "--out", "x-3", "--threads", "1"]


def test_threads_are_those_asked_for_or_the_cores_shared_out(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    assert [threads_per_process(None, seeds) for seeds in (1, 2, 3, 20)] == [8, 4, 2, 1]
    assert threads_per_process(3, 20) == 3


def test_folders_have_the_seed_in_their_name():
    assert str(seed_folder("runs/{seed}/vae", 12)) == "runs/12/vae"


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The folders of seeds 0 and 3, each trained by a command of its own; not to be changed."""
    folders = {seed: tmp_path_factory.mktemp("alone") / f"run{seed}" for seed in (0, 3)}
    for seed, folder in folders.items():
        with pytest.raises(SystemExit) as ended:
            main(["train", "ibgan", *SHORT, "--seed", str(seed), "--out", str(folder)])
        assert ended.value.code == 0
    return {seed: RunFolder(folder) for seed, folder in folders.items()}


def test_seeds_in_processes_are_the_runs_they_are_alone(deval, alone, tmp_path):
    """Of two, one has no run and starts; the other has a shorter run and goes on."""
    train_and_report(plans(tmp_path, 3, iterations=1), None, "deval train ibgan")
    together = deval("train", "ibgan", *SHORT, "--seeds", "0,3", "--out", tmp_path / "run{seed}", "--resume")
    assert together.code == 0, together.err
    assert "ibgan seed 3: from iteration 1 to 2" in together.err
    for seed, whole in alone.items():
        mine = RunFolder(tmp_path / f"run{seed}")
        assert mine.log.read_bytes() == whole.log.read_bytes()
        weights = [load(folder.checkpoint).weights for folder in (mine, whole)]
        assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[1])
        record = json.loads(mine.run_file.read_text())
        assert record["settings"]["seed"] == seed
        assert "--seeds" not in (record["settings"]["command"] or "")
        assert f"ibgan seed {seed} 2/2" in together.err


def test_a_folder_that_holds_a_run_is_refused_before_any_seed_starts(deval, alone, tmp_path):
    shutil.copytree(alone[3].root, tmp_path / "run1")
    both = deval("train", "ibgan", *SHORT, "--seeds", "0-1", "--out", tmp_path / "run{seed}")
    assert both.code == 2
    assert "already holds a run" in both.error
    assert not (tmp_path / "run0").exists()


def wait_for(condition):
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def stand_in_for_python(folder, monkeypatch, script):
    """A shell script that is started in place of each seed's process."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(path))


def test_a_signal_goes_on_to_every_seed_that_runs_and_no_other_starts(tmp_path, monkeypatch):
    """What `deval train` does on a signal is in test_train.py; a seed's process is the same command."""
    record = 'for file; do :; done; trap "echo saved >> $file; exit 143" TERM; echo "$*" >> $file'
    stand_in_for_python(tmp_path, monkeypatch, f"{record}; while :; do sleep 0.05; done")
    files = [tmp_path / f"seed{seed}" for seed in range(3)]

    def end_when_two_run():
        try:
            wait_for(lambda: all(file.exists() and file.read_text().endswith("\n") for file in files[:2]))
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    ending = threading.Thread(target=end_when_two_run)
    ending.start()
    code = Processes(at_a_time=2).run({seed: ["train", str(file)] for seed, file in enumerate(files)})
    ending.join()
    assert code == 128 + signal.SIGTERM
    for file in files[:2]:
        assert file.read_text() == f"-m disentangle_eval.cli.seed_process {os.getpid()} train {file}\nsaved\n"
    assert not files[2].exists()


def test_a_seed_that_is_killed_is_reported_and_no_success(tmp_path, monkeypatch, capfd):
    stand_in_for_python(tmp_path, monkeypatch, 'case "$*" in *"--seed 1"*) kill -9 $$ ;; esac')
    code = Processes(at_a_time=2).run({seed: ["train", "x", "--seed", str(seed)] for seed in (0, 1, 2)})
    assert code == 128 + signal.SIGKILL
    assert "error: seed 1: killed by SIGKILL, as the system does where memory runs out; " in capfd.readouterr().err


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
def test_a_seed_saves_itself_when_the_command_that_started_it_is_killed(tmp_path):
    """A shell starts the seed's process, as the command does."""
    folder = RunFolder(tmp_path / "run")
    never = ["--iterations", "100000", "--checkpoint-every", "100000", "--log-every", "1", "--out", str(folder.root)]
    process = shlex.join([sys.executable, "-m", "disentangle_eval.cli.seed_process"])
    train = shlex.join(["train", "ibgan", *TINY, *never])
    with subprocess.Popen(["sh", "-c", f"{process} $$ {train} & wait"], stderr=subprocess.DEVNULL) as command:
        wait_for(lambda: folder.log.exists() and folder.log.stat().st_size > 0)
        command.kill()
    wait_for(lambda: not folder.is_locked())
    assert load(folder.checkpoint).iteration > 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--seeds", "0-1", "--seed", "0"], "--seeds: received --seed as well, expected one of the two"),
        (["--seeds", "0-1", "--out", "x"], "expected with --seeds a name with {seed} in it, such as 'x-seed{seed}'"),
        (["--seeds", "1-0"], "received '1-0', expected seeds such as"),
        (["--precision", "tf32", "--device", "cpu"], "received 'tf32' on the CPU"),
    ],
)
def test_mistakes_are_told_in_one_line(deval, tmp_path, monkeypatch, arguments, told):
    monkeypatch.chdir(tmp_path)
    answer = deval("train", "ibgan", *SHORT, *arguments)
    assert answer.code == 2
    assert told in answer.error


# ---------------------------------------------------------------- in one process, as on CUDA


def test_seeds_in_one_process_are_the_runs_they_are_alone(alone, tmp_path, capsys):
    train_and_report(plans(tmp_path, 0, 3), None, "deval train ibgan")
    assert [line.endswith("checkpoint.pt") for line in capsys.readouterr().out.splitlines()] == [True, True]
    for seed, whole in alone.items():
        assert RunFolder(tmp_path / f"run{seed}").log.read_bytes() == whole.log.read_bytes()


def test_a_seed_that_becomes_nan_ends_alone(tmp_path, capsys):
    made = [*plans(tmp_path, 0, lr=1e30), *plans(tmp_path, 1)]
    with pytest.raises(click.exceptions.Exit) as ended:
        train_and_report(made, None, "deval")
    assert ended.value.exit_code == 1
    told = capsys.readouterr()
    assert "error: seed 0: " in told.err
    assert "NaN" in told.err
    assert told.out.splitlines() == [str(tmp_path / "run1" / "checkpoint.pt")]
