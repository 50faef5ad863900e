"""Signals, full disks, damaged files and watchers that fail: a run is saved, or as it was, and says so in one line."""

import json
import os
import shutil
import signal

import pytest
from toy_gan import assert_same_run, finish, resumed, started, toy_run

from disentangle_eval import checkpoint as checkpoints
from disentangle_eval.errors import DevalError, DevalWarning, UsageError
from disentangle_eval.running.stopping import stopping_on_signal
from disentangle_eval.training.events import event_writer, tensorboard_installed
from disentangle_eval.training.folder import RunFolder, cut_back, read_lines
from disentangle_eval.training.planning import plan_run
from disentangle_eval.training.run import Watchers


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    return finish(started(tmp_path_factory.mktemp("unbroken") / "run"))


# ---------------------------------------------------------------- signals


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def number(request):
    """A signal that the process does not ignore, even where nohup or a background job began it."""
    before = signal.signal(request.param, signal.SIG_DFL)
    yield request.param
    signal.signal(request.param, before)


def test_a_signal_lets_the_iteration_finish_and_saves_and_says_so_at_once(tmp_path, unbroken, capfd, number):
    run = started(tmp_path / "run")
    said = []

    def interrupt(line, speed):
        os.kill(os.getpid(), number)
        said.append(capfd.readouterr().err)

    with stopping_on_signal() as stopping:
        stopping.begin([run])
        run.train(Watchers(on_log=(interrupt,)))
    assert (run.stopped_by, run.iteration) == (number, 4)
    assert said[0].strip().startswith("saving")
    assert checkpoints.load(run.folder.checkpoint).iteration == 4
    assert_same_run(finish(resumed(tmp_path / "run")), unbroken)


def test_a_signal_before_training_starts_leaves_a_run_that_can_be_resumed(tmp_path, unbroken):
    with stopping_on_signal() as stopping:
        os.kill(os.getpid(), signal.SIGTERM)
        run = started(tmp_path / "run")
        stopping.begin([run])
        run.train()
    assert run.iteration == 0
    assert_same_run(finish(resumed(tmp_path / "run")), unbroken)


def test_a_second_signal_acts_at_once():
    def twice():
        with stopping_on_signal():
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(KeyboardInterrupt):
        twice()


def test_a_signal_that_is_ignored_stays_ignored():
    """As SIGHUP under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopping_on_signal() as stopping:
            os.kill(os.getpid(), signal.SIGHUP)
        assert stopping.received is None
    finally:
        signal.signal(signal.SIGHUP, before)


# ---------------------------------------------------------------- watchers that fail


@pytest.mark.parametrize("at", [4, 12])
@pytest.mark.parametrize("kind", ["on_log", "on_iteration", "on_snapshot", "on_start"])
def test_a_watcher_that_fails_ends_a_run_that_is_saved(tmp_path, unbroken, kind, at):
    run = started(tmp_path / "run")

    def broken(*arguments):
        if kind == "on_start" or run.iteration >= at:
            raise ValueError("out of order\nsecond line")

    with pytest.raises(DevalError) as caught:
        run.train(Watchers(**{kind: (broken,)}))
    assert "ValueError: out of order second line at test_faults.py:" in str(caught.value)
    assert "the run is saved; add --resume" in str(caught.value)
    assert checkpoints.load(run.folder.checkpoint).iteration == run.iteration
    assert_same_run(finish(resumed(tmp_path / "run")), unbroken)


def test_a_reader_of_the_progress_that_went_away_ends_a_run_that_is_saved(tmp_path, unbroken):
    def closed(line, speed):
        raise BrokenPipeError

    run = started(tmp_path / "run")
    with pytest.raises(BrokenPipeError):
        run.train(Watchers(on_log=(closed,)))
    assert checkpoints.load(run.folder.checkpoint).iteration == 4
    assert_same_run(finish(resumed(tmp_path / "run")), unbroken)


@pytest.mark.skipif(not tensorboard_installed(), reason="needs tensorboard")
def test_event_files_hold_every_term_and_a_folder_that_vanishes_is_one_line(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = tmp_path / "events"
    write = event_writer(folder, 0)
    write({"iteration": 4, "loss": 0.5, "kl": [1.0, 2.0]}, 3.0)
    found = EventAccumulator(str(folder)).Reload()
    assert set(found.Tags()["scalars"]) == {"iterations_per_second", "loss", "kl/0", "kl/1"}
    assert [(event.step, event.value) for event in found.Scalars("kl/1")] == [(4, 2.0)]
    event_writer(folder, 4)({"iteration": 4, "loss": 0.25}, 3.0)
    resumed_run = EventAccumulator(str(folder)).Reload()
    assert [event.value for event in resumed_run.Scalars("loss")] == [0.25]
    shutil.rmtree(folder)
    with pytest.raises(DevalError, match=r"cannot write .* its folder is not there"):
        write({"iteration": 8, "loss": 0.5}, 3.0)


def test_a_log_that_cannot_be_written_advises_to_resume(tmp_path):
    run = started(tmp_path / "run")
    run.folder.log.unlink(missing_ok=True)
    run.folder.log.mkdir()
    with pytest.raises(
        DevalError, match=r"cannot write '.*log\.jsonl'.*; continue from the last checkpoint with --resume"
    ):
        finish(run)


# ---------------------------------------------------------------- logs


def test_a_damaged_line_takes_no_line_that_is_whole_with_it(tmp_path, unbroken):
    run = started(tmp_path / "run")
    run.train(Watchers(on_log=(lambda line, speed: run.stop() if line["iteration"] == 8 else None,)))
    first, second = run.folder.log.read_bytes().splitlines(keepends=True)
    run.folder.log.write_bytes(first + b'{"iteration": 6, "lo\n' + b"[6]\n" + b'{"iteration": "6"}\n' + second)
    with pytest.warns(DevalWarning, match=r"log\.jsonl: line 2, 3, 4: damaged.* moved to log\.jsonl\.damaged"):
        run = resumed(tmp_path / "run")
    assert_same_run(finish(run), unbroken)
    aside = run.folder.log.with_name("log.jsonl.damaged")
    assert aside.read_bytes() == b'{"iteration": 6, "lo\n[6]\n{"iteration": "6"}\n'


def test_a_whole_last_line_without_its_end_is_kept(tmp_path):
    log = tmp_path / "log.jsonl"
    log.write_text('{"iteration": 4}\n{"iteration": 8}')
    cut_back(log, 8)
    assert [line["iteration"] for line in read_lines(log)] == [4, 8]


def test_a_log_that_is_no_text_is_named(tmp_path):
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"\xff\xfe\x00garbage\n")
    with pytest.raises(DevalError, match=r"log\.jsonl.*not UTF-8 text"):
        cut_back(log, 8)


# ---------------------------------------------------------------- folders


def test_unfinished_files_of_a_crash_are_removed(tmp_path):
    folder = finish(started(tmp_path / "run"))
    leftovers = [
        folder.root / ".checkpoint.pt.x1.partial",
        folder.root / ".run.json.x2.partial",
        folder.snapshots / ".00000006.pt.x3.partial",
        folder.pictures / ".samples-00000006.png.x4.partial",
    ]
    for path in leftovers:
        path.touch()
    with folder.lock():
        assert not any(path.exists() for path in leftovers)


def test_a_folder_in_which_no_run_started_is_not_left_behind(tmp_path):
    folder = RunFolder(tmp_path / "runs" / "run")
    with pytest.raises(UsageError), folder.lock():
        toy_run(folder.root, batch_size=1000)
    assert list(tmp_path.iterdir()) == []
    folder.root.mkdir(parents=True)
    with pytest.raises(UsageError), folder.lock():
        toy_run(folder.root, batch_size=1000)
    assert folder.root.is_dir()


def damaged_runs():
    whole = {"model": "beta-vae", "config": {"beta": 2.0}, "settings": {"device": "cpu", "threads": 1}}
    settings = whole["settings"]
    yield {**whole, "model": None}, "'model' is missing or not what it should be"
    yield {key: whole[key] for key in ("model", "config")}, "'settings' is missing"
    yield {**whole, "config": []}, "'config' is missing"
    yield {**whole, "config": {"beta": "a"}}, "damaged, beta: received 'a'"
    yield {**whole, "config": {"bta": 1}}, "damaged, bta: unknown setting"
    yield {**whole, "settings": {**settings, "device": "tpu"}}, "damaged, device: received 'tpu'"
    yield {**whole, "settings": {**settings, "log_every": 0}}, "damaged, log_every: received 0"
    yield {**whole, "settings": {**settings, "log_every": 1.5}}, "damaged, log_every: received 1.5"
    yield {**whole, "settings": {**settings, "seed": None}}, "damaged, seed: received None"


@pytest.mark.parametrize(("contents", "named"), list(damaged_runs()))
def test_a_run_json_that_cannot_be_is_one_line(tmp_path, contents, named):
    (tmp_path / "run.json").write_text(json.dumps(contents))
    with pytest.raises(DevalError) as caught:
        plan_run("beta-vae", {}, tmp_path, resume=True)
    assert named in str(caught.value)
    assert "run.json" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", [b"{", b"[" * 100_000, b"\xff\xfe", b"[]", b"null", b'{"model": 1}'])
def test_a_run_json_that_is_no_json_of_a_run_is_one_line(tmp_path, text):
    (tmp_path / "run.json").write_bytes(text)
    with pytest.raises(DevalError, match=r"run\.json': damaged"):
        RunFolder(tmp_path).read_run()
