"""A run from start to end: its log, checkpoints and snapshots, and how it ends when something breaks."""

import errno
import json
import os

import pytest
import torch
from toy_gan import ToyData, finish, resumed, same, started, toy_run

from disentangle_eval import checkpoint as checkpoints
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.training.folder import RunFolder, read_lines
from disentangle_eval.training.run import Watchers


def test_a_run_leaves_its_record_log_checkpoint_and_snapshots(tmp_path):
    folder = finish(started(tmp_path / "run"))
    run = json.loads(folder.run_file.read_text())
    assert (run["model"], run["dataset"], run["seed"]) == ("toy", "toy", 0)
    assert run["config"] == {"batch_size": 3, "iterations": 12, "lr": 0.01}
    assert run["data"] == {"dataset": "toy", "name": "toy@drawn", "sha256": "0" * 64, "shape": [1, 2, 2]}
    assert [line["iteration"] for line in read_lines(folder.log)] == [4, 8, 12]
    assert [line["iteration"] for line in read_lines(folder.speed)] == [4, 8, 12]
    checkpoint = checkpoints.load(folder.checkpoint)
    assert checkpoint.iteration == 12
    kept = [checkpoints.load(path) for path in sorted(folder.snapshot(0).parent.iterdir())]
    assert [(c.iteration, c.train) for c in kept] == [(0, None), (6, None), (12, None)]
    assert same(kept[-1].weights, checkpoint.weights)
    assert not same(kept[0].weights, checkpoint.weights)


def test_a_line_of_the_log_is_the_mean_over_its_window(tmp_path):
    every = read_lines(finish(started(tmp_path / "every", log=1, iterations=10)).log)
    windows = read_lines(finish(started(tmp_path / "windows", log=4, iterations=10)).log)
    assert [line["iteration"] for line in windows] == [4, 8, 10]
    for line, first in zip(windows, (0, 4, 8), strict=True):
        records = every[first : line["iteration"]]
        for name, mean in line.items():
            if name != "iteration":
                values = torch.tensor([record[name] for record in records if name in record], dtype=torch.float64)
                assert mean == pytest.approx(values.mean(dim=0).tolist())
    assert "size" not in every[1]
    assert len(windows[0]["pixels"]) == 4


def test_a_seed_fixes_a_run_and_another_seed_is_another_run(tmp_path):
    logs = [finish(started(tmp_path / name, seed=seed)).log for name, seed in (("a", 3), ("b", 3), ("c", 4))]
    assert logs[0].read_bytes() == logs[1].read_bytes() != logs[2].read_bytes()


def test_watchers_are_called_at_the_start_every_window_and_every_snapshot(tmp_path):
    calls, modes = [], []

    def snapshot(model, iteration):
        calls.append(("snapshot", iteration))
        modes.append((model.training, torch.is_grad_enabled()))

    run = started(tmp_path / "run")
    run.train(
        Watchers(
            on_start=(lambda iteration: calls.append(("started", iteration)),),
            on_log=(lambda line, speed: calls.append(("log", line["iteration"], speed > 0)),),
            on_snapshot=(snapshot,),
        )
    )
    assert calls == [
        ("started", 0),
        ("snapshot", 0),
        ("log", 4, True),
        ("snapshot", 6),
        ("log", 8, True),
        ("log", 12, True),
        ("snapshot", 12),
    ]
    assert modes == [(False, False)] * 3
    assert all(module.training for module in run.training.model.modules())


# ---------------------------------------------------------------- what breaks


def poisoned(*batches):
    data = ToyData()
    data.poisoned = set(batches)
    return data


def test_a_loss_that_becomes_nan_is_named_and_the_last_checkpoint_kept(tmp_path):
    run = started(tmp_path / "run", data=poisoned(6), log=2, checkpoint=2)
    with pytest.raises(DevalError) as caught:
        finish(run)
    message = str(caught.value)
    assert message.startswith("loss_critic became NaN or infinite between iterations 6 and 8; ")
    assert "\n" not in message
    assert checkpoints.load(run.folder.checkpoint).iteration == 6
    assert [line["iteration"] for line in read_lines(run.folder.log)] == [2, 4, 6]


def test_weights_that_are_nan_are_never_saved(tmp_path):
    run = started(tmp_path / "run", data=poisoned(6), log=100, checkpoint=4, snapshot=100)
    with pytest.raises(DevalError, match="weights became NaN or infinite by iteration 8"):
        finish(run)
    assert checkpoints.load(run.folder.checkpoint).iteration == 4

    run = started(tmp_path / "snapshots", data=poisoned(6), log=100, checkpoint=100, snapshot=5)
    with pytest.raises(DevalError, match="weights became NaN"):
        finish(run)
    assert [path.name for path in sorted(run.folder.snapshot(0).parent.iterdir())] == ["00000000.pt", "00000005.pt"]


def test_a_stop_does_not_save_nan_weights_either(tmp_path):
    data = poisoned(6)
    run = started(tmp_path / "run", data=data, log=100)
    data.at = lambda n: run.stop() if n == 7 else None
    with pytest.raises(DevalError, match="weights became NaN"):
        finish(run)
    assert checkpoints.load(run.folder.checkpoint).iteration == 5


def test_running_statistics_that_are_nan_are_never_saved(tmp_path):
    run = started(tmp_path / "run")
    run.training.model.critic[2].running_mean[0] = float("nan")
    with pytest.raises(DevalError, match="became NaN"):
        run.save()


# ---------------------------------------------------------------- folders


def test_a_folder_that_holds_a_run_is_refused_without_a_change(tmp_path):
    folder = finish(started(tmp_path / "run"))
    before = {path: path.read_bytes() for path in folder.root.rglob("*") if path.is_file()}
    with pytest.raises(UsageError, match=r"--out: '.*run' already holds a run; type: deval train --resume "):
        started(tmp_path / "run", seed=1)
    assert before == {path: path.read_bytes() for path in folder.root.rglob("*") if path.is_file()}


def test_a_start_that_failed_can_be_repeated_by_the_same_command(tmp_path, monkeypatch):
    with monkeypatch.context() as full:

        def fail(handle):
            raise OSError(errno.ENOSPC, "No space left on device")

        full.setattr("os.fsync", fail)
        with pytest.raises(DevalError, match="the disk is full"):
            started(tmp_path / "run")
    assert finish(started(tmp_path / "run")).run_file.is_file()


def test_resuming_what_is_no_run_is_a_usage_error(tmp_path):
    folder = toy_run(tmp_path / "absent").folder
    with pytest.raises(UsageError, match=r"--resume: no run in '.*absent'"):
        folder.read_run()
    finished = finish(started(tmp_path / "run"))
    for text in ("{", "[]", "{}"):
        finished.run_file.write_text(text)
        with pytest.raises(DevalError, match=r"run\.json'"):
            finished.read_run()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"lr": 0.02}, "lr is 0.01 in it, received 0.02"),
        ({"seed": 1}, "seed is 0 in it, received 1"),
        ({"data": ToyData("1" * 64)}, "sha256 is '000"),
    ],
)
def test_a_checkpoint_of_another_run_is_not_continued(tmp_path, options, named):
    started(tmp_path / "run")
    with pytest.raises(UsageError) as caught:
        resumed(tmp_path / "run", **options)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_snapshot_cannot_be_continued(tmp_path):
    folder = finish(started(tmp_path / "run"))
    folder.snapshot(6).replace(folder.checkpoint)
    with pytest.raises(DevalError, match="holds no training state"):
        resumed(tmp_path / "run")


@pytest.mark.parametrize("part", ["players", "step", "window"])
def test_a_damaged_training_state_is_one_line(tmp_path, part):
    folder = finish(started(tmp_path / "run"))
    contents = vars(checkpoints.load(folder.checkpoint))
    for damaged in (None, {}, {"critic": {}, "drawer": {}}):
        train = {**contents["train"], part: damaged}
        checkpoints.save(folder.checkpoint, checkpoints.Checkpoint(**{**contents, "train": train}))
        with pytest.raises(DevalError, match="its training state does not fit the model"):
            resumed(tmp_path / "run")


def test_weights_of_another_shape_are_one_line(tmp_path):
    folder = finish(started(tmp_path / "run"))
    contents = vars(checkpoints.load(folder.checkpoint))
    contents = {**contents, "weights": {"drawer.weight": torch.ones(7)}}
    checkpoints.save(folder.checkpoint, checkpoints.Checkpoint(**contents))
    with pytest.raises(DevalError, match="does not fit the model") as caught:
        resumed(tmp_path / "run")
    assert "\n" not in str(caught.value)


def test_a_run_of_another_kind_of_device_is_refused_as_such(tmp_path):
    folder = finish(started(tmp_path / "run"))
    contents = vars(checkpoints.load(folder.checkpoint))
    # On CUDA a generator's state is a seed and an offset.
    step = {**contents["train"]["step"], "generator": torch.zeros(16, dtype=torch.uint8)}
    train = {**contents["train"], "step": step}
    checkpoints.save(folder.checkpoint, checkpoints.Checkpoint(**{**contents, "train": train}))
    with pytest.raises(UsageError, match="another kind of device than 'cpu'; give the --device it was trained on"):
        resumed(tmp_path / "run")


def test_a_lock_that_is_no_plain_file_is_refused_and_left_as_it_is(tmp_path):
    folder, other = RunFolder(tmp_path / "run"), tmp_path / "precious"
    other.write_text("contents")
    folder.root.mkdir()
    folder.lock_file.symlink_to(other)
    with pytest.raises(DevalError, match="cannot write"), folder.lock():
        pass
    assert other.read_text() == "contents"
    folder.lock_file.unlink()
    os.mkfifo(folder.lock_file)
    with pytest.raises(DevalError, match="not a plain file"), folder.lock():
        pass
    assert not folder.is_locked()


def test_a_folder_is_locked_while_a_run_trains_in_it(tmp_path):
    folder = RunFolder(tmp_path / "run")
    assert not folder.is_locked()
    with folder.lock():
        assert folder.is_locked()
    assert not folder.is_locked()
