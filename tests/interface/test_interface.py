"""`import disentangle_eval as de`: from nothing to scores, in one process and without a command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import disentangle_eval as de
from disentangle_eval.api import Reconstructor
from disentangle_eval.cli.main import main
from disentangle_eval.errors import DevalError, DevalWarning, UsageError

pytestmark = pytest.mark.usefixtures("unrendered_plots")

SIZES = (3, 5, 5)
TINY = {"hidden": 8, "batch_size": 4, "threads": 1, "progress": False}
QUICK = {"train_votes": 60, "eval_votes": 30, "samples_per_vote": 8, "variance_samples": 60}


@pytest.fixture(scope="module")
def squares(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Squares of three sizes at every place, as the name of a data set."""
    side, row, column = np.unravel_index(np.arange(np.prod(SIZES)), SIZES)
    pixel = np.arange(16)
    rows, columns = (
        (start[:, None] <= pixel) & (pixel < (start + 4 + 2 * side)[:, None]) for start in (2 * row, 2 * column)
    )
    path = tmp_path_factory.mktemp("data") / "squares.npz"
    images = rows[:, :, None] & columns[:, None, :]
    np.savez(path, images=images, factor_sizes=SIZES, factor_names=("side", "row", "column"))
    return f"npz:{path}"


@pytest.fixture(scope="module")
def run(squares: str, tmp_path_factory: pytest.TempPathFactory) -> de.TrainedRun:
    out = tmp_path_factory.mktemp("runs") / "first"
    return de.train("vae", squares, out=out, iterations=3, log_every=1, **TINY)


def test_training_leaves_the_number_of_threads_of_the_process_alone(squares: str, tmp_path: Path) -> None:
    before = torch.get_num_threads()
    de.train("vae", squares, out=tmp_path / "run", iterations=1, **{**TINY, "threads": before + 1})
    assert torch.get_num_threads() == before


def test_importing_the_module_and_listing_needs_no_torch() -> None:
    code = "import sys, disentangle_eval as de; de.list_models(); print('torch' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"


def test_lists_are_plain_records() -> None:
    for records in (de.list_models(), de.list_datasets(), de.list_metrics()):
        assert json.loads(json.dumps(records))[0]["name"]
    assert {metric["name"]: metric["protocols"] for metric in de.list_metrics()}["factorvae"][0] == "dlib"


def test_a_run_has_its_log_description_checkpoint_and_model(run: de.TrainedRun, squares: str) -> None:
    assert [line["iteration"] for line in run.log] == [1, 2, 3]
    assert run.description["dataset"] == squares
    assert run.checkpoint.is_file()
    assert run.picture("losses").size[0] > 100
    model = run.model("cpu")
    assert not model.training
    assert isinstance(model, Reconstructor)
    assert model.reconstruct(torch.zeros(2, 1, 16, 16)).shape == (2, 1, 16, 16)
    assert de.load_run(run.folder) == run


def test_what_one_cell_trained_a_second_one_trains_again_elsewhere(
    squares: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first, second = (de.train("vae", squares, iterations=1, **TINY) for _ in range(2))
    assert (first.folder.name, second.folder.name) == ("vae-npz-squares-seed0", "vae-npz-squares-seed0-2")
    assert first.log == second.log


def test_the_same_run_is_resumed(squares: str, tmp_path: Path) -> None:
    options = {"out": tmp_path / "run", "log_every": 1, **TINY}
    straight = de.train("vae", squares, out=tmp_path / "straight", iterations=3, log_every=1, **TINY)
    de.train("vae", squares, iterations=2, **options)
    for no in (False, 0, None):
        with pytest.raises(UsageError, match="already holds a run"):
            de.train("vae", squares, iterations=3, resume=no, **options)
    assert de.train("vae", squares, iterations=3, resume=True, **options).log == straight.log


def test_a_run_is_resumed_by_its_folder_or_its_checkpoint_alone(squares: str, tmp_path: Path) -> None:
    run = de.train("vae", squares, seed=3, iterations=1, log_every=1, out=tmp_path / "run", **TINY)
    for iterations, place in ((2, run.folder), (3, str(run.checkpoint))):
        again = de.train(resume=place, iterations=iterations, progress=False)
        assert again == run
        assert again.log[-1]["iteration"] == iterations
    assert run.description["seed"] == 3
    with pytest.raises(UsageError, match="expected one folder"):
        de.train(resume=run.folder, out=tmp_path / "other")
    with pytest.raises(UsageError, match="no run in"):
        de.train(resume=tmp_path / "nothing")
    with pytest.raises(UsageError, match="expected the name of a model, or resume=RUN"):
        de.train(iterations=3)
    with pytest.raises(UsageError, match="seed is 3 in the run, received 4"):
        de.train(resume=run.folder, seed=4)


def test_python_and_the_command_line_train_the_same(run: de.TrainedRun, squares: str, tmp_path: Path) -> None:
    arguments = ["train", "vae", "--dataset", squares, "--iterations", "3", "--log-every", "1", "--hidden", "8"]
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--batch-size", "4", "--threads", "1", "--out", str(tmp_path / "run")])
    assert ended.value.code == 0
    assert de.load_run(tmp_path / "run").log == run.log


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_sise": 8}, "batch_sise.*did you mean 'batch_size'"),
        ({"log_evry": 8}, "log_evry.*did you mean 'log_every'"),
        ({"batch_size": 0}, "batch_size: received 0"),
        ({"precision": "float16"}, "precision: received 'float16'"),
        ({"seeds": [0, 1]}, "train each seed by a call of its own"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_made(
    squares: str, tmp_path: Path, options: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        de.train("vae", squares, out=tmp_path / "run", progress=False, **options)
    assert not (tmp_path / "run").exists()


def test_a_misspelt_model_is_refused_with_the_text_of_the_command_line(
    squares: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError) as raised:
        de.train("vea", squares)
    with pytest.raises(SystemExit):
        main(["train", "vea", "--dataset", squares])
    assert capsys.readouterr().err == f"error: {raised.value}\n"


def test_a_model_on_a_data_set_scores_as_its_codes_do(run: de.TrainedRun, squares: str, tmp_path: Path) -> None:
    model, data = run.model("cpu"), de.load_dataset(squares)
    of_model = de.score(model, data, metrics="factorvae", **QUICK)["factorvae"]
    table = de.encode(model, data)
    assert table["codes"].shape == (75, 10)
    assert (table["factor_sizes"].tolist(), table["factor_names"].tolist()) == ([*SIZES], ["side", "row", "column"])
    of_codes = de.score(**table, metrics="factorvae", **QUICK)["factorvae"]
    assert (of_codes.value, of_codes.details) == (of_model.value, of_model.details)
    pruned = [
        de.score(*source, **arrays, metrics="factorvae", protocol="kim-mnih", **QUICK)
        for source, arrays in (((model, data), {}), ((), table))
    ]
    assert pruned[0]["factorvae"].details["pruning"] == pruned[1]["factorvae"].details["pruning"]
    np.savez(tmp_path / "codes.npz", **table)
    with pytest.raises(SystemExit) as ended:
        main(["score", "--metric", "mig", "--codes", str(tmp_path / "codes.npz"), "--json"])
    assert ended.value.code == 0


def test_scores_of_a_model_from_a_run_are_complete_and_kept(run: de.TrainedRun, squares: str) -> None:
    before = len(run.results)
    result = de.score(de.load_model(run.folder, "cpu"), squares, metrics="mig")["mig"]
    assert (result.model, result.iteration, result.trained_on) == ("vae", 3, result.dataset)
    assert result.checkpoint_sha256
    assert len(run.results) == before + 1
    kept = run.results[-1]
    assert (kept["value"], kept["settings.protocol"]) == (result.value, result.settings["protocol"])
    assert de.load_results(run.folder.parent)[-1] == kept == de.load_results(run)[-1]


def test_a_score_that_a_run_has_is_returned_unless_it_is_wanted_again(run: de.TrainedRun, squares: str) -> None:
    first = de.score(run, squares, metrics="mig", seed=7, num_train=50)["mig"]
    kept = len(run.results)
    assert de.score(run, squares, metrics="mig", seed=7, num_train=50)["mig"] == first
    assert len(run.results) == kept
    assert de.score(run, squares, metrics="mig", seed=7, num_train=50, again=True)["mig"].value == first.value
    assert de.score(run, squares, metrics="mig", seed=7, num_train=60)["mig"].settings != first.settings
    assert len(run.results) == kept + 2


def test_a_model_that_was_trained_on_is_no_longer_the_checkpoint(run: de.TrainedRun, squares: str) -> None:
    model = run.model("cpu")
    before = len(run.results)
    with torch.no_grad():
        next(model.parameters()).add_(1)
    result = de.score(model, squares, metrics="mig")["mig"]
    assert (result.model, result.checkpoint_sha256) == (type(model).__name__, None)
    assert len(run.results) == before


def test_a_model_with_another_method_is_no_longer_the_checkpoint(run: de.TrainedRun, squares: str) -> None:
    model = run.model("cpu")
    kept = de.score(model, squares, metrics="mig")["mig"]
    encode = model.encode
    model.encode = lambda x: 0 * encode(x)
    result = de.score(model, squares, metrics="mig")["mig"]
    assert (result.checkpoint_sha256, result.value) == (None, 0)
    del model.encode
    assert de.score(model, squares, metrics="mig")["mig"] == kept


def test_all_leaves_out_what_the_data_do_not_allow(run: de.TrainedRun) -> None:
    codes, labels = np.eye(12), np.arange(12) % 3
    assert set(de.score(codes, labels=labels, code_classes=[2] * 12)) == {"cluster-accuracy", "unsupervised"}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: de.load_model("nowhere"), "source: received 'nowhere', which does not exist"),
        (lambda: de.load_run("nowhere"), "run: received 'nowhere', which holds no run"),
        (lambda: de.load_results("nowhere"), "results: received 'nowhere'"),
        (lambda: de.load_dataset("dsprite"), "did you mean 'dsprites'"),
        (lambda: de.score(), "score: received nothing to score"),
        (lambda: de.score(torch.nn.Linear(1, 1)), "Linear: received no data set to score it on"),
        (lambda: de.score([[1]], [[0]], codes=[[2]], factors=[[0]]), "score: received codes and factors twice"),
        (lambda: de.score([[1]], [[0]], metrics=[]), r"metrics: received \[\], expected names of metrics"),
        (lambda: de.score([[1]], [[0]], metrics=None), "metrics: received None, expected names of metrics"),
        (lambda: de.score([[1]], [[0]], metrics="mig", protocol=["dlib"]), "protocol: received .*, expected one name"),
        (lambda: de.score([[1]], [[0]], metrics="mig:dlb"), "protocol of mig: received 'dlb', expected one of: dlib"),
        (
            lambda: de.score([[1]], [[0]], metrics="mig:dlib,mig:chen"),
            "one protocol of each metric; call de.score once",
        ),
        (lambda: de.score(np.zeros((0, 2)), np.zeros((0, 2))), r"codes: received shape \(0, 2\), expected \(N, K\)"),
        (lambda: de.score(np.zeros((1, 5, 2)), np.zeros((5, 2))), r"codes: received shape \(1, 5, 2\)"),
        (lambda: de.score([[1]], "dsprites", codes=[[2]]), "score: received codes twice"),
        (
            lambda: de.load_model("~nobody-of-this-name/run"),
            "received '~nobody-of-this-name/run', which does not exist",
        ),
        (
            lambda: de.load_model(torch.nn.Linear(1, 1), device="gpu"),
            "device: received 'gpu', expected auto, cpu, cuda",
        ),
        (
            lambda: de.load_model(torch.nn.Linear(1, 1, device="meta"), device="cpu"),
            "expected meta, where the model is",
        ),
    ],
)
def test_mistakes_are_one_line(call, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        call()


def test_terms_of_held_back_images_are_logged_and_too_many_are_refused(squares: str, tmp_path: Path) -> None:
    options = {"iterations": 2, "log_every": 1, "checkpoint_every": 1, **TINY}
    held_back = de.train("vae", squares, out=tmp_path / "run", validation=8, **options)
    assert any(key.startswith("validation_") for line in held_back.log for key in line)
    assert held_back.description["settings"]["validation"] == 8
    with pytest.raises(UsageError, match=r"--validation: received \d+, expected fewer than the [\d,]+ images"):
        de.train("vae", squares, out=tmp_path / "more", validation=int(np.prod(SIZES)), **options)


def test_a_table_of_codes_is_no_model_and_a_picture_is_one_of_those_drawn(run: de.TrainedRun, tmp_path: Path) -> None:
    np.save(tmp_path / "codes.npy", np.eye(3))
    with pytest.raises(UsageError, match="a table of codes, expected a model"):
        de.load_model(tmp_path / "codes.npy")
    with pytest.raises(UsageError, match=r"picture: received 'loses', expected one of: .*losses"):
        run.picture("loses")


def test_images_of_another_shape_are_refused(run: de.TrainedRun, tmp_path: Path) -> None:
    np.savez(tmp_path / "small.npz", images=np.zeros((4, 8, 8), dtype=np.uint8))
    with pytest.raises(DevalError, match=r"received images of shape \(1, 8, 8\), expected \(1, 16, 16\)"):
        de.encode(run, f"npz:{tmp_path / 'small.npz'}")


def test_other_images_of_the_same_name_are_a_warning(run: de.TrainedRun, squares: str) -> None:
    path = Path(squares.removeprefix("npz:"))
    before = path.read_bytes()
    try:
        with np.load(path) as arrays:
            changed = {**arrays, "images": ~arrays["images"]}
        np.savez(path, **changed)
        with pytest.warns(DevalWarning, match="is not what the checkpoint was trained on"):
            de.encode(run)
    finally:
        path.write_bytes(before)
