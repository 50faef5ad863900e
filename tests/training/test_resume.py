"""A run broken off anywhere and resumed ends bit for bit like one that was not."""

import signal
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest
import torch
from toy_gan import ITERATIONS, ToyData, assert_same_run, finish, resumed, started

from disentangle_eval import checkpoint as checkpoints
from disentangle_eval.training.folder import cut_back, read_lines


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    return finish(started(tmp_path_factory.mktemp("unbroken") / "run"))


class Killed(BaseException):
    """Ends a run at once, as a kill does: nothing is saved."""


def break_off(run, n, how):
    """Stops or kills a run in iteration n, counted from 0."""

    def at(batch):
        if batch == n:
            if how is Killed:
                raise Killed
            run.stop()

    run.training.data.at = at
    try:
        finish(run)
    except Killed:
        return
    assert run.iteration == n + 1


@pytest.mark.parametrize("n", range(ITERATIONS))
def test_a_run_stopped_in_any_iteration(tmp_path, unbroken, n):
    run = started(tmp_path / "run")
    break_off(run, n, "stop")
    assert checkpoints.load(run.folder.checkpoint).iteration == n + 1
    assert_same_run(finish(resumed(tmp_path / "run")), unbroken)


def test_a_run_stopped_after_every_iteration(tmp_path, unbroken):
    break_off(started(tmp_path / "run"), 0, "stop")
    for n in range(1, ITERATIONS):
        break_off(resumed(tmp_path / "run"), n, "stop")
    assert_same_run(resumed(tmp_path / "run").folder, unbroken)


@pytest.mark.parametrize("n", range(ITERATIONS))
@pytest.mark.parametrize("half_a_line", ["", '{"iteration": 9, "loss_cri'])
def test_a_run_killed_in_any_iteration(tmp_path, unbroken, n, half_a_line):
    run = started(tmp_path / "run")
    break_off(run, n, Killed)
    assert checkpoints.load(run.folder.checkpoint).iteration == n // 5 * 5
    with run.folder.log.open("a") as log:
        log.write(half_a_line)
    assert_same_run(finish(resumed(tmp_path / "run")), unbroken)


def test_a_run_killed_again_and_again(tmp_path, unbroken):
    break_off(started(tmp_path / "run"), 7, Killed)
    break_off(resumed(tmp_path / "run"), 8, Killed)
    break_off(resumed(tmp_path / "run"), 6, "stop")
    break_off(resumed(tmp_path / "run"), 9, Killed)
    assert_same_run(finish(resumed(tmp_path / "run")), unbroken)


def test_a_process_killed_while_it_writes_a_checkpoint(tmp_path, unbroken):
    script = f"""
import os, pathlib, signal, torch
from toy_gan import finish, started
torch.set_num_threads({torch.get_num_threads()})
run = started({str(tmp_path / "run")!r})
rename = pathlib.Path.replace
def kill(path, target):
    if target == run.folder.checkpoint and run.iteration == 10:
        os.kill(os.getpid(), signal.SIGKILL)
    return rename(path, target)
pathlib.Path.replace = kill
finish(run)
"""
    ended = subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parent, check=False)
    assert ended.returncode == -signal.SIGKILL
    folder = resumed(tmp_path / "run").folder
    assert checkpoints.load(folder.checkpoint).iteration == 5
    assert_same_run(finish(resumed(tmp_path / "run")), unbroken)


def test_a_finished_run_stays_as_it_is(tmp_path, unbroken):
    finish(started(tmp_path / "run"))
    assert_same_run(finish(resumed(tmp_path / "run")), unbroken)


def test_a_finished_run_can_be_trained_further(tmp_path):
    finish(started(tmp_path / "short"))
    finish(resumed(tmp_path / "short", iterations=18))
    whole = finish(started(tmp_path / "whole", iterations=18))
    assert checkpoints.load(whole.checkpoint).iteration == 18
    folder = resumed(tmp_path / "short", iterations=18).folder
    assert folder.log.read_bytes() == whole.log.read_bytes()
    kept = [checkpoints.load(f.checkpoint) for f in (folder, whole)]
    assert kept[0].weights.keys() == kept[1].weights.keys()
    assert all((kept[0].weights[name] == kept[1].weights[name]).all() for name in kept[0].weights)


def test_lines_after_the_checkpoint_and_what_a_crash_left_are_cut_off(tmp_path):
    log = tmp_path / "log.jsonl"
    whole = '{"iteration": 4, "loss": 0.1, "kl": [1e-09, 2.5]}\n{"iteration": 8, "loss": 3}\n'
    for rest in ("", '{"iteration": 12, "loss": 1}\n', '{"iteration": 12', "\0\0\0", '{"iteration": 12}\n\0'):
        log.write_text(whole + rest)
        cut_back(log, 8)
        assert log.read_text() == whole
    cut_back(log, 7)
    assert [line["iteration"] for line in read_lines(log)] == [4]


def test_the_data_goes_on_where_it_was(tmp_path):
    """Counts batches itself, so that the runs compared above do not merely share a fault."""
    seen = []

    class Seen(ToyData):
        def images(self, index):
            seen.append(index.tolist())
            return super().images(index)

    run = started(tmp_path / "run", data=Seen())
    break_off(run, 4, "stop")
    finish(resumed(tmp_path / "run", data=Seen()))
    assert len(seen) == ITERATIONS
    for epoch in range(ITERATIONS // 3):
        assert len(set(chain(*seen[3 * epoch : 3 * epoch + 3]))) == 9
