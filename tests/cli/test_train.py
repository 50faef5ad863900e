"""`deval train`: what a run leaves behind, how it resumes, and what each mistake is told."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from cli_tiny import TINY

import disentangle_eval as de
from disentangle_eval.checkpoint import load
from disentangle_eval.cli.train_run import next_command
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.errors import UsageError
from disentangle_eval.latents import Categorical, Continuous
from disentangle_eval.training.folder import RunFolder

pytestmark = pytest.mark.usefixtures("unrendered_plots")


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_run_folder_says_everything_about_the_run(trained):
    run = json.loads((trained / "run.json").read_text())
    assert run["model"] == "ibgan"
    assert run["config"]["beta"] == 0.141
    assert run["config"]["batch_size"] == 4
    assert run["data"]["name"].startswith("dsprites@")
    assert run["settings"]["seed"] == 0
    assert run["settings"]["threads"] == 1
    assert run["hardware"]
    assert run["versions"]["torch"] == torch.__version__
    assert run["settings"]["command"].startswith("deval train ibgan")


def test_the_log_holds_every_loss_term_both_bounds_and_the_kl_of_each_dimension(trained):
    log = lines(trained / "log.jsonl")
    assert [line["iteration"] for line in log] == [2, 4]
    expected = {"discriminator_real", "discriminator_fake", "generator_adversarial", "lower_bound", "upper_bound", "kl"}
    assert expected < set(log[0])
    assert len(log[0]["kl"]) == 10
    assert sum(log[0]["kl"]) == pytest.approx(log[0]["upper_bound"], rel=1e-5)


def test_snapshots_and_pictures_are_made_at_the_start_and_at_the_end(trained):
    for iteration in ("00000000", "00000004"):
        assert load(trained / "snapshots" / f"{iteration}.pt").iteration == int(iteration)
        for kind in ("samples", "traversal"):
            assert (trained / "pictures" / f"{kind}-{iteration}.png").stat().st_size > 0


def test_a_run_cut_short_and_resumed_ends_as_one_that_was_not(deval, trained, tmp_path):
    folder = tmp_path / "run"
    started = deval("train", "ibgan", *TINY, "--iterations", "3", "--log-every", "2", "--out", folder)
    resumed = deval("train", "ibgan", "--resume", "--iterations", "4", "--out", folder)
    assert (started.code, resumed.code) == (0, 0)
    # The shorter run ended at 3, where it closed a window early: only later lines and all weights can agree.
    whole, parts = load(trained / "checkpoint.pt"), load(folder / "checkpoint.pt")
    assert whole.iteration == parts.iteration == 4
    assert all(torch.equal(whole.weights[name], parts.weights[name]) for name in whole.weights)


def test_a_terminated_run_saves_itself_and_resumes_bit_for_bit(deval, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    options = [*TINY, "--iterations", "40", "--log-every", "7"]
    assert deval("train", "ibgan", *options, "--out", whole).code == 0

    arguments = [sys.executable, "-c", "from disentangle_eval.cli.main import main; main()", "train", "ibgan"]
    with subprocess.Popen([*arguments, *options, "--out", str(parts)], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        next(line for line in process.stderr if "ibgan seed 0 7/40" in line)
        process.send_signal(signal.SIGTERM)
        said = process.stderr.read()
    assert process.returncode == 128 + signal.SIGTERM
    assert f"deval train --resume {parts}" in said

    assert deval("train", "--resume", parts).code == 0
    assert (parts / "log.jsonl").read_bytes() == (whole / "log.jsonl").read_bytes()
    ends = [torch.load(folder / "checkpoint.pt", weights_only=True) for folder in (whole, parts)]
    for one, other in zip(tensors(ends[0]), tensors(ends[1]), strict=True):
        assert torch.equal(one, other)


def tensors(value: object) -> list[torch.Tensor]:
    """Every tensor of a checkpoint: weights, optimiser state, random state."""
    if isinstance(value, torch.Tensor):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else []
    return [tensor for item in items for tensor in tensors(item)]


def test_resuming_refuses_a_changed_setting_and_names_it(deval, trained):
    answer = deval("train", "ibgan", "--resume", "--out", trained, "--beta", "0.2", "--seed", "3", "--z-dim", "16")
    assert answer.code == 2
    assert "beta is 0.141 in the run, received 0.2" in answer.error
    assert "seed is 0 in the run, received 3" in answer.error
    assert "z_dim" not in answer.error


@pytest.mark.parametrize(
    ("distribution", "advice"), [("deval-gone", "pip install deval-gone"), ("gone.py", "add --plugins gone.py")]
)
def test_resuming_without_the_model_s_plugin_says_how_to_have_it(deval, tmp_path, distribution, advice):
    run = {"model": "gone", "distribution": distribution, "config": {}, "settings": {}}
    (tmp_path / "run.json").write_text(json.dumps(run))
    said = f"run of model 'gone', which no installed plugin provides; {advice}"
    answer = deval("train", "--resume", tmp_path)
    assert (answer.code, answer.error) == (2, said)
    with pytest.raises(UsageError, match=re.escape(said)):
        de.train(resume=tmp_path)


def test_resuming_needs_the_folder_alone(deval, tmp_path):
    run, data = tmp_path / "run", tmp_path / "data"
    data.mkdir()
    assert deval("train", "ibgan", *TINY, "--iterations", "2", "--data-dir", data, "--out", run).code == 0
    assert deval("train", "--resume", run / "checkpoint.pt", "--iterations", "3").code == 0
    assert load(run / "checkpoint.pt").iteration == 3
    again = deval("train", "--resume", run)
    assert (again.code, "already at iteration 3; --iterations N trains further" in again.err) == (0, True)
    answer = deval("train", f"--resume={run}", "--iterations", "1")
    assert (answer.code, answer.error) == (2, "--resume: iterations: received 1, expected at least the 3 that are done")
    data.rmdir()
    assert str(data) in deval("train", "--resume", run).error


def test_a_folder_that_holds_a_run_is_not_overwritten(deval, trained):
    before = (trained / "checkpoint.pt").read_bytes()
    answer = deval("train", "ibgan", *TINY, "--out", trained)
    assert answer.code == 2
    assert "--resume" in answer.error
    assert (trained / "checkpoint.pt").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["ibgna"], "did you mean 'ibgan'?"),
        (["ibgan", "--dataset", "dsprite"], "did you mean 'dsprites'?"),
        (["ibgan", "--bta", "1"], "--beta"),
        (["ibgan", "--preset", "papr"], "expected one of: paper, reference, short"),
        (["ibgan", "--beta", "-1"], "beta: received -1.0"),
        (["ibgan", "--seed", "-1"], "seed: received -1"),
        (["ibgan", "--resume", "--out", "no-such-run"], "no run in 'no-such-run'"),
        (["ibgan", "--data-dir", "no-such-folder"], "no-such-folder"),
        (["ibgan", "--batch-size", "1000000"], "at most the 737280 images"),
    ],
)
def test_a_mistake_in_what_was_typed_exits_with_2_and_one_line(deval, tmp_path, monkeypatch, arguments, told):
    monkeypatch.chdir(tmp_path)
    answer = deval("train", *arguments)
    assert answer.code == 2
    assert told in answer.error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_cuda_asked_for_and_absent(deval, tmp_path):
    answer = deval("train", "ibgan", "--device", "cuda", "--out", tmp_path / "run")
    assert answer.code == 2
    assert "use --device cpu" in answer.error


def test_a_folder_that_cannot_be_made(deval, tmp_path):
    (tmp_path / "file").touch()
    answer = deval("train", "ibgan", *TINY, "--out", tmp_path / "file" / "run")
    assert answer.code == 1
    assert "choose another folder" in answer.error


def test_a_loss_that_becomes_nan_ends_the_run_and_keeps_the_last_good_checkpoint(deval, tmp_path):
    folder = tmp_path / "run"
    answer = deval("train", "ibgan", *TINY, "--lr", "1e30", "--log-every", "1", "--iterations", "9", "--out", folder)
    assert answer.code == 1
    assert "became NaN or infinite" in answer.error
    weights = load(folder / "checkpoint.pt").weights
    assert all(weight.isfinite().all() for weight in weights.values())


def test_a_full_disk_leaves_the_last_checkpoint_whole(trained, tmp_path):
    """The limit on a file's size stands in for the disk: it lets the first files through, not a second checkpoint."""
    folder = tmp_path / "run"
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
    arguments = ["train", "ibgan", *TINY, "--iterations", "2", "--out", str(folder)]
    program = f"{limit}from disentangle_eval.cli.main import main\nmain({arguments!r})"
    # A measurement of coverage would write a file of its own, beyond the limit.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: cannot write")
    assert "Traceback" not in done.stderr
    assert not list(folder.rglob("*.partial"))


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
def test_closed_streams_cost_no_file_its_contents(tmp_path):
    """The next file opened would take their numbers, and what is said would be written into it."""
    folder = tmp_path / "run"
    arguments = shlex.join(
        ["-m", "disentangle_eval", "train", "ibgan", *TINY, "--iterations", "2", "--out", str(folder)]
    )
    done = subprocess.run(f"exec {shlex.quote(sys.executable)} {arguments} >&- 2>&-", shell=True, check=False)
    assert done.returncode == 0
    assert load(folder / "checkpoint.pt").iteration == 2
    assert (folder / ".lock").read_bytes() == b""


def test_a_longer_run_stays_longer_when_resumed_again(deval, tmp_path):
    folder = tmp_path / "run"
    deval("train", "ibgan", *TINY, "--iterations", "1", "--out", folder)
    deval("train", "ibgan", "--resume", "--iterations", "3", "--out", folder)
    assert deval("train", "ibgan", "--resume", "--out", folder).code == 0
    assert load(folder / "checkpoint.pt").iteration == 3
    assert json.loads((folder / "run.json").read_text())["config"]["iterations"] == 3


def test_two_processes_cannot_train_in_one_folder(deval, trained, tmp_path):
    folder = RunFolder(tmp_path / "run")
    with folder.lock():
        answer = deval("train", "ibgan", *TINY, "--out", folder.root)
    assert answer.code == 2
    assert "another process is training" in answer.error


def test_an_interval_typed_beside_resume_is_refused_too(deval, trained):
    answer = deval("train", "ibgan", "--resume", "--out", trained, "--log-every", "9")
    assert answer.code == 2
    assert "log_every is 2 in the run, received 9" in answer.error


def test_what_to_type_next_is_what_the_model_and_the_data_allow():
    def suggested(dataset, factors=None, **abilities):
        model = type("Model", (), abilities)()
        data = SimpleNamespace(name=dataset, factors=factors, labels=None)
        run = SimpleNamespace(
            training=SimpleNamespace(model=model, data=data), identity=SimpleNamespace(dataset=dataset)
        )
        return next_command(run)

    encode, generate = {"encode": len}, {"prior": None, "generate": len}
    vae = {"code": (Continuous(),), **encode, **generate}
    assert suggested("mnist", **vae) == "deval sample"
    assert suggested("mnist", **{**vae, "code": (Categorical(10),)}) == "deval score --metric cluster-accuracy"
    assert suggested("dsprites", FactorSpace(("x",), (4,)), **vae) == "deval score --metric factorvae"
    assert suggested("dsprites", FactorSpace(("x",), (4,)), **generate) == "deval sample"
