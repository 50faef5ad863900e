"""The suite for GPUs, played on the CPU with tiny networks and the stand-in for CUDA graphs."""

import contextlib
import importlib
import json
import os
import shutil
from pathlib import Path

import pytest
import torch

from disentangle_eval.cli.main import main
from disentangle_eval.training.folder import read_lines

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
DATA = Path(os.environ.get("DEVAL_SHARED", Path(__file__).parents[3] / "shared")) / "data"


@pytest.fixture
def suite(tmp_path, monkeypatch):
    """`suite(*arguments)` plays a slice and returns the lines in OUT."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    threads = torch.get_num_threads()
    play = importlib.import_module("gpu_suite").main

    def run(*arguments, seconds=500):
        places = ["--out", str(tmp_path / "out"), "--work", str(tmp_path / "work")]
        play([*places, "--device", "cpu", "--tiny", "--threads", "1", "--seconds", str(seconds), *arguments])
        return read_lines(tmp_path / "out" / "gpu_suite.jsonl")

    yield run
    torch.set_num_threads(threads)


def test_correctness_and_throughput_are_found_once(suite, tmp_path, capsys):
    timing = ("throughput/beta-vae/1/float32", "throughput/beta-vae/1/tf32", "stretch/beta-vae", "stacked/beta-vae")
    only = ("--only", "correctness/beta-vae", "correctness/failed", *timing)
    lines = suite(*only)
    checks = [line for line in lines if line["task"].startswith("correctness/beta-vae")]
    assert len(checks) == 5
    assert all(line["passed"] for line in checks)
    assert all(line["bit_equal"] for line in checks if "bit_equal" in line)
    assert next(line for line in lines if line["task"] == "correctness/failed-capture")["skipped"]
    timed = {(line["task"], line.get("variant")): line for line in lines}
    for mode in ("eager", "captured"):
        assert timed["throughput/beta-vae/1/float32", mode]["seed_iterations_per_second"] > 0
    assert "tf32" in timed["throughput/beta-vae/1/tf32", None]["skipped"]
    assert {length for task, length in timed if task == "stretch/beta-vae"} == {"stretch 1", "stretch 8", "stretch 32"}
    for way in ("in turn", "stacked"):
        assert timed["stacked/beta-vae", way]["seed_iterations_per_second"] > 0
    assert not any(line.get("error") for line in lines)
    assert all({"command", "hardware", "versions", "date"} <= line.keys() for line in lines)

    assert suite(*only) == lines
    assert capsys.readouterr().out.endswith("all done\n")
    # Lines of an earlier slice count wherever they lie.
    earlier = tmp_path / "earlier.jsonl"
    (tmp_path / "out" / "gpu_suite.jsonl").rename(earlier)
    shutil.rmtree(tmp_path / "work")
    assert suite(*only, "--done", str(earlier)) == []


def test_a_slice_too_short_leaves_its_tasks_for_the_next(suite, capsys):
    only = ("--only", "correctness/beta-vae/against-cpu", "study/factorvae-fig4")
    assert suite(*only, seconds=1) == []
    assert capsys.readouterr().out.startswith("2 tasks left for the next slice: correctness/beta-vae/against-cpu study")


def test_a_task_that_fails_is_told_and_run_again_when_asked(suite, monkeypatch):
    only = ("--only", "correctness/beta-vae/against-cpu", "correctness/beta-vae/repeated")
    correctness = importlib.import_module("gpu_tasks.correctness")

    def broken(*arguments):
        raise RuntimeError("out of luck")

    with monkeypatch.context() as patch:
        patch.setattr(correctness, "Pupil", broken)
        lines = suite(*only)
    assert [line["passed"] for line in lines] == [False, True]
    assert "out of luck" in lines[0]["error"]
    assert suite(*only) == lines
    assert [line["passed"] for line in suite(*only, "--retry")] == [False, True, True]


def test_tasks_come_in_the_order_of_their_worth(suite, capsys):
    suite("--list")
    names = capsys.readouterr().out.splitlines()
    assert len(names) == len(set(names))
    kinds = [name.partition("/")[0] for name in names]
    assert kinds.index("correctness") < kinds.index("throughput") < kinds.index("stretch") < kinds.index("study")
    assert names[kinds.index("throughput") :][:3] == [
        f"throughput/{model}/1/float32" for model in ("beta-vae", "factorvae", "ibgan")
    ]


@pytest.mark.skipif(not (DATA / "mnist").is_dir(), reason="no MNIST: DEVAL_SHARED names no folder with data/mnist")
def test_a_study_is_run_scored_and_drawn(suite, tmp_path, monkeypatch):
    monkeypatch.setenv("DEVAL_DATA", str(DATA))
    # Its trial is a process all the same.
    monkeypatch.setattr(importlib.import_module("gpu_tasks.reproduction"), "deval", in_this_process)
    lines = suite("--only", "study/infogan-mnist-noise")
    assert [(line["seed"], line["result"]["metric"]) for line in lines] == [(0, "cluster-accuracy")]
    assert (tmp_path / "out" / "infogan-mnist-noise-traverse.png").exists()


def in_this_process(typed, seconds, log):
    """The command's exit code, without the start of an interpreter."""
    with (
        log.open("a") as file,
        contextlib.redirect_stdout(file),
        contextlib.redirect_stderr(file),
        pytest.raises(SystemExit) as ended,
    ):
        main(typed)
    return ended.value.code


def test_a_command_has_its_exit_code_or_none_where_its_time_is_up(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    deval = importlib.import_module("gpu_tasks.reproduction").deval
    log = tmp_path / "log"
    assert [deval([typed], 60, log) for typed in ("--version", "nothing")] == [0, 2]
    assert "error: " in log.read_text()
    assert deval(["--version"], 0, log) is None


def test_what_differs_is_named(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    comparing = importlib.import_module("gpu_tasks.comparing")
    reference = {"a": torch.tensor([3.0, 4.0]), "b": torch.tensor([0.0, 12.0]), "steps": torch.tensor(7)}
    near = comparing.distance({**reference, "a": torch.tensor([3.0, 4.5])}, reference)
    assert json.loads(json.dumps(near)) == {"all": pytest.approx(0.5 / 13), "worst": 0.1, "worst_name": "a"}


@pytest.mark.parametrize("name", ["beta-vae", "factorvae", "ibgan"])
@pytest.mark.filterwarnings("ignore:There is a performance drop")
def test_stacked_seeds_train_as_each_does_alone(monkeypatch, tmp_path, name):
    monkeypatch.syspath_prepend(BENCHMARKS)
    stacked = importlib.import_module("gpu_tasks.stacked")
    cases, comparing = (importlib.import_module(f"gpu_tasks.{part}") for part in ("cases", "comparing"))
    bench, case = cases.Bench(torch.device("cpu"), tmp_path, tiny=True), cases.CASES[name]
    together = stacked.StackedSeeds(bench, case, 2)
    together.play(3)
    trained = {**together.weights, **together.states}
    for seed in range(2):
        alone, untrained = (
            bench.run(case, tmp_path / f"{seed}", seed=seed, captured=False, iterations=3) for _ in range(2)
        )
        alone.start({})
        alone.train()
        of_seed = {name.removeprefix("model."): stack[seed].detach() for name, stack in trained.items()}
        apart, moved = (
            comparing.distance(weights, alone.training.model.state_dict())["all"]
            for weights in (of_seed, untrained.training.model.state_dict())
        )
        # Weights whose gradient is rounding alone, such as biases before a normalisation, may go elsewhere.
        assert apart < 2e-3 * moved
