"""`deval score`: the reference's numbers from the command line, and what each bad input is told."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from disentangle_eval.cli.score_table import subjects_of
from disentangle_eval.results import Result

pytestmark = pytest.mark.usefixtures("unrendered_plots")

SHARED = Path(os.environ.get("DEVAL_SHARED", Path(__file__).parents[3] / "shared"))
GOLDEN = SHARED / "data" / "golden"

# With few votes, for tests that are not about the score.
FEW = ("train-votes=40", "eval-votes=20", "samples-per-vote=10", "variance-samples=100")
IB_GAN = ("--protocol", "ib-gan", *(word for setting in FEW for word in ("--set", setting)))

needs_golden = pytest.mark.skipif(not GOLDEN.exists(), reason=f"{GOLDEN} is absent; DEVAL_SHARED names shared/")


@needs_golden
@pytest.mark.parametrize("case", ["mixed", "axis", "dead", "random"])
def test_protocol_dlib_prints_the_reference_scores(deval, case):
    expected = json.loads((GOLDEN / "expected.json").read_text())["cases"][case]
    answer = deval(
        *("score", "--metric", "factorvae", "--protocol", "dlib", "--seed", expected["random_state"]),
        *("--codes", GOLDEN / expected["file"], "--json"),
    )
    result = json.loads(answer.out)
    reference = expected["scores"]["factor_vae"]
    assert result["value"] == reference["eval_accuracy"]
    assert result["details"]["train_accuracy"] == reference["train_accuracy"]
    assert result["details"]["eval_accuracy"] == reference["eval_accuracy"]
    assert result["settings"]["protocol"] == "dlib"
    assert result["seed"] == expected["random_state"]


def write_codes(path: Path, codes: np.ndarray) -> Path:
    np.savez(path, codes=codes, factor_sizes=np.array([3, 4]))
    return path


def grid_codes() -> np.ndarray:
    return np.array([[shape, size] for shape in range(3) for size in range(4)], dtype=float)


def test_a_table_for_people_shows_the_score_beside_chance(deval, tmp_path):
    answer = deval("score", "--metric", "factorvae", "--codes", write_codes(tmp_path / "codes.npz", grid_codes()))
    assert answer.code == 0
    rows = {cells[0]: cells[1] for line in answer.out.splitlines() if len(cells := line.strip("│ ").split("│")) == 2}
    shown = {name.strip(): value.strip() for name, value in rows.items()}
    assert shown["factorvae"] == "1.0000"
    assert 0.5 < float(shown["chance"]) < 1


def test_each_protocol_asked_for_is_one_line_of_json(deval, tmp_path):
    codes = write_codes(tmp_path / "codes.npz", grid_codes())
    answer = deval(
        *("score", "--metric", "factorvae", "--protocol", "dlib", "--protocol", "ib-gan", "--codes", codes, "--json")
    )
    results = [json.loads(line) for line in answer.out.splitlines()]
    assert [result["settings"]["protocol"] for result in results] == ["dlib", "ib-gan"]


def test_repeats_score_with_one_seed_after_another_and_give_their_mean_with_its_interval(deval, tmp_path):
    codes = write_codes(tmp_path / "codes.npz", grid_codes() + np.random.default_rng(0).normal(size=(12, 2)))
    few = ("--set", "train-votes=200", "--set", "eval-votes=40")
    arguments = ("score", "--metric", "factorvae", *few, "--codes", codes, "--repeats", 4)
    *results, summary = [json.loads(line) for line in deval(*arguments, "--seed", 5, "--json").out.splitlines()]
    values = [result["value"] for result in results]
    assert [result["seed"] for result in results] == summary["seeds"] == [5, 6, 7, 8]
    assert summary["values"] == values
    assert summary["mean"] == pytest.approx(np.mean(values))
    half = 3.182446 * np.std(values, ddof=1) / 2
    assert summary["interval"] == pytest.approx([np.mean(values) - half, np.mean(values) + half])
    assert f"mean {np.mean(values):.4f}, 95% interval" in deval(*arguments, "--seed", 5).out


def test_a_changed_setting_stands_in_the_name_of_the_protocol(deval, tmp_path):
    codes = write_codes(tmp_path / "codes.npz", grid_codes())
    answer = deval("score", "--metric", "factorvae", "--set", "threshold=0.5", "--codes", codes, "--json")
    settings = json.loads(answer.out)["settings"]
    assert (settings["protocol"], settings["threshold"]) == ("dlib, threshold=0.5", 0.5)


def test_a_protocol_goes_to_the_metrics_that_have_it(deval, tmp_path):
    codes = write_codes(tmp_path / "codes.npz", grid_codes())
    metrics = ("--metric", "factorvae", "--metric", "mig")
    answer = deval("score", *metrics, "--protocol", "ib-gan", "--codes", codes, "--json")
    settings = [json.loads(line)["settings"]["protocol"] for line in answer.out.splitlines()]
    assert settings == ["ib-gan", "dlib"]
    mistake = deval("score", *metrics, "--protocol", "ibgan", "--codes", codes).error
    assert mistake.startswith("protocol: received 'ibgan', expected one of factorvae's: dlib, ")
    assert mistake.endswith("; mig's: dlib, chen; did you mean 'ib-gan' of factorvae?")


def test_several_subjects_are_scored_one_after_another(deval, tmp_path):
    paths = [write_codes(tmp_path / f"{scale}.npz", scale * grid_codes()) for scale in (1, 2)]
    answer = deval("score", "--metric", "factorvae", "--codes", paths[0], "--codes", paths[1], "--json")
    assert [json.loads(line)["codes"] for line in answer.out.splitlines()] == [str(path) for path in paths]


def test_several_results_end_with_a_row_each(deval, tmp_path):
    codes = write_codes(tmp_path / "codes.npz", grid_codes())
    answer = deval("score", "--metric", "factorvae", "--metric", "mig", "--codes", codes)
    rows = [line for line in answer.out.partition("in short")[2].splitlines() if "dlib" in line]
    assert ["factorvae" in row for row in rows] == [True, False]
    assert "1.0000" in rows[0]


def test_all_stands_for_the_metrics_that_the_codes_allow(deval, tmp_path):
    path = tmp_path / "codes.npz"
    labels = np.arange(60) % 3
    np.savez(path, codes=labels[:, None], labels=labels, code_classes=[3])
    answer = deval("score", "--metric", "all", "--codes", path, "--json")
    assert answer.code == 0
    assert "cluster-accuracy" in [json.loads(line)["metric"] for line in answer.out.splitlines()]
    assert f"factorvae, higgins left out: {path} has no grid" in answer.err


def test_a_checkpoint_s_score_says_what_was_scored_and_is_kept_in_its_run(deval, trained):
    answer = deval("score", "--metric", "factorvae", *IB_GAN, trained, "--threads", "1", "--json")
    result = json.loads(answer.out)
    assert (result["model"], result["iteration"], result["train_seed"]) == ("ibgan", 4, 0)
    assert result["dataset"].startswith("dsprites@")
    assert len(result["checkpoint_sha256"]) == 64
    assert json.loads((trained / "results.jsonl").read_text().splitlines()[-1]) == result
    assert (trained / "pictures" / "scores.png").exists()


def test_threads_are_a_number_or_those_that_are_free(deval, trained, monkeypatch):
    set_to = []
    monkeypatch.setattr("disentangle_eval.runtime.threads.free_threads", lambda: 7)
    monkeypatch.setattr("torch.set_num_threads", set_to.append)
    arguments = ("score", "--metric", "factorvae", *IB_GAN, trained, "--threads")
    assert deval(*arguments, "auto").code == 0
    assert set_to[0] == 7
    assert deval(*arguments, "0").code == 2


def test_a_score_that_is_there_is_shown_again_unless_it_is_to_be_computed_anew(deval, trained, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    (run / "results.jsonl").unlink(missing_ok=True)
    arguments = ("score", "--metric", "factorvae", *IB_GAN, run, "--threads", "1", "--json")
    first, second = deval(*arguments), deval(*arguments)
    assert second.out == first.out
    assert "scored before" in second.err
    assert len((run / "results.jsonl").read_text().splitlines()) == 1
    anew = deval(*arguments, "--again")
    other = deval(*arguments, "--seed", 1)
    assert json.loads(anew.out)["value"] == json.loads(first.out)["value"]
    assert "scored before" not in anew.err + other.err
    assert len((run / "results.jsonl").read_text().splitlines()) == 3


def test_runs_in_a_summary_are_named_by_what_distinguishes_them():
    known = {"metric": "m", "metric_version": 1, "value": 0.5, "better": "higher", "chance": None, "details": {}}
    known |= {"settings": {"protocol": "p"}, "seed": 0, "seconds": 0.0, "model": "vae", "iteration": 9}
    seeds = [Result(**known, train_seed=seed, checkpoint_sha256=str(seed)) for seed in (0, 1)]
    assert subjects_of(seeds, {"0": "a", "1": "b"}) == ["vae seed 0 at 9", "vae seed 1 at 9"]
    alike = [Result(**known, train_seed=0, checkpoint_sha256=sha) for sha in "xy"]
    assert subjects_of(alike, {"x": "beta1", "y": "beta4"}) == ["vae at 9 in beta1", "vae at 9 in beta4"]
    assert subjects_of(alike[:1], {"x": "beta1"}) == ["vae at 9"]


class Hostile:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch hostile-was-here",)


def test_a_hostile_checkpoint_is_refused_and_nothing_of_it_runs(deval, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"format": "disentangle_eval checkpoint", "weights": Hostile()}, "hostile.pt")
    answer = deval("score", "--metric", "factorvae", "hostile.pt")
    assert answer.code == 1
    assert "refused" in answer.error
    assert not Path("hostile-was-here").exists()


def truncated(path: Path, trained: Path) -> None:
    path.write_bytes((trained / "checkpoint.pt").read_bytes()[:-1000])


def foreign(path: Path, trained: Path) -> None:
    torch.save({"state_dict": {}}, path)


def of_a_missing_plugin(path: Path, trained: Path) -> None:
    contents = torch.load(trained / "checkpoint.pt", weights_only=True)
    contents["model"] = {"name": "gone", "distribution": "deval-gone", "version": 1}
    del contents["checksums"]
    contents["format_version"] = 1
    torch.save(contents, path)


def no_archive(path: Path, trained: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello.txt", "hello")


@pytest.mark.parametrize(
    ("make", "code", "told"),
    [
        (truncated, 1, "truncated, damaged or not a checkpoint"),
        (foreign, 2, "holds weights without their network"),
        (no_archive, 1, "not a checkpoint"),
        (of_a_missing_plugin, 2, "pip install deval-gone"),
    ],
)
def test_a_bad_checkpoint_is_told_in_one_line(deval, trained, tmp_path, make, code, told):
    path = tmp_path / "bad.pt"
    make(path, trained)
    answer = deval("score", "--metric", "factorvae", path)
    assert answer.code == code
    assert told in answer.error


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--metric", "factorvea", "x.pt"], "did you mean 'factorvae'?"),
        (["--metric", "factorvae", "--protocol", "dlb", "x.pt"], "expected one of factorvae's: dlib, kim-mnih, ib-gan"),
        (["--metric", "factorvae"], "received nothing to score"),
        (["--metric", "factorvae", "missing.pt"], "missing.pt"),
        (["--metric", "factorvae", "--codes", "missing.npz"], "missing.npz"),
        (["x.pt"], "--metric"),
        (["--metric", "factorvae", "--set", "threshold", "x.pt"], "received 'threshold', expected NAME=VALUE"),
        (["--metric", "factorvae", "--set", "treshold=1", "x.pt"], "setting: received treshold, expected a setting"),
        (["--metric", "factorvae", "--set", "threshold=x", "x.pt"], "threshold: received 'x'"),
    ],
)
def test_a_mistake_in_what_was_typed_exits_with_2_and_one_line(deval, arguments, told):
    answer = deval("score", *arguments)
    assert answer.code == 2
    assert told in answer.error


def test_a_score_is_shown_although_it_cannot_be_kept_and_a_damaged_line_costs_no_other(deval, trained, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    (run / "results.jsonl").write_text('{"half": "a li')
    arguments = ("score", "--metric", "factorvae", *IB_GAN, run, "--threads", "1", "--json")
    answer = deval(*arguments)
    assert answer.code == 0
    assert "line 1: damaged; moved to results.jsonl.damaged" in answer.err
    assert [json.loads(line) for line in (run / "results.jsonl").read_text().splitlines()] == [json.loads(answer.out)]
    (run / "results.jsonl").unlink()
    (run / "results.jsonl").mkdir()
    answer = deval(*arguments)
    assert answer.code == 0
    assert json.loads(answer.out)["metric"] == "factorvae"
    assert "the score above was not kept: " in answer.err
