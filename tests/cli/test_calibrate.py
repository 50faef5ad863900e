"""`deval calibrate` and `--batch-statistics clean`: the same model, recorded in every result."""

import json

import numpy as np
import pytest
import torch
from torch import nn

import disentangle_eval as de
from disentangle_eval.calibration import clean_batches
from disentangle_eval.checkpoint import load

pytestmark = pytest.mark.usefixtures("unrendered_plots")

QUICK = {"train_votes": 20, "eval_votes": 20, "samples_per_vote": 10, "variance_samples": 100}
METRIC = ("--metric", "factorvae", *(f"--set={name}={value}" for name, value in QUICK.items()))


@pytest.fixture(scope="module")
def run(trained, tmp_path_factory):
    import shutil

    return shutil.copytree(trained, tmp_path_factory.mktemp("calibrate") / "run")


@pytest.fixture
def few_images(monkeypatch):
    """Statistics of 1,000 images instead of 10,000."""
    monkeypatch.setattr("disentangle_eval.calibration.IMAGES", 1_000)


@pytest.mark.usefixtures("few_images")
def test_the_file_scores_as_the_option_and_both_say_so(deval, run):
    answer = deval("calibrate", run)
    assert answer.out.strip() == str(run / "calibrated.pt")
    assert "next: deval score" in answer.err
    before, after = (load(run / name) for name in ("checkpoint.pt", "calibrated.pt"))
    changed = {name for name in before.weights if not torch.equal(before.weights[name], after.weights[name])}
    assert changed
    assert all("running_" in name or "num_batches" in name for name in changed)
    assert after.train is None

    of_file = deval("score", *METRIC, run / "calibrated.pt", "--json")
    of_option = deval("score", *METRIC, run, "--batch-statistics", "clean", "--json")
    of_set = deval("score", *METRIC, "--set", "batch_statistics=clean", run, "--json")
    plain = deval("score", *METRIC, run, "--json")
    results = [json.loads(answer.out) for answer in (of_file, of_option, of_set)]
    assert len({result["value"] for result in results}) == 1
    assert all(result["settings"]["batch_statistics"] == "clean" for result in results)
    assert all(result["settings"]["protocol"].endswith(", batch_statistics=clean") for result in results)
    assert "batch_statistics" not in json.loads(plain.out)["settings"]


@pytest.mark.usefixtures("few_images")
def test_a_model_in_hand_is_not_changed(run):
    model = de.load_model(run / "checkpoint.pt")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    (result,) = de.score(model, metrics="factorvae", batch_statistics="clean", **QUICK).values()
    assert result.settings["batch_statistics"] == "clean"
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_what_has_no_statistics_is_refused_in_one_line(deval, run, tmp_path):
    np.savez(tmp_path / "codes.npz", codes=np.eye(12), factor_sizes=[3, 4])
    answer = deval("score", "--metric", "mig", "--codes", tmp_path / "codes.npz", "--batch-statistics", "clean")
    assert "batch_statistics=clean: received a model without a checkpoint, expected a checkpoint" in answer.error
    assert "expected running or clean" in deval("score", "--metric", "mig", "--set", "batch_statistics=x", run).error
    with pytest.raises(de.UsageError, match="a model without a checkpoint"):
        de.score(nn.Linear(1, 1), "dsprites", metrics="mig", batch_statistics="clean")
    assert "the checkpoint itself" in deval("calibrate", run, "--out", run / "checkpoint.pt").error


class Part:
    def order(self, generator):
        return 100 + torch.randperm(600, generator=generator)


class Numbered:
    """Images that are their index."""

    training_part = Part()

    def __len__(self):
        return 1000

    def images(self, index):
        return index[:, None, None, None].float()


def test_batches_are_of_one_size_of_what_training_sees_and_always_the_same():
    batches = list(clean_batches(Numbered(), torch.device("cpu")))
    assert [len(batch) for batch in batches] == [250, 250]
    seen = torch.cat(batches).flatten()
    assert len(seen.unique()) == 500
    assert seen.min() >= 100
    assert seen.max() < 700
    assert torch.equal(torch.cat(list(clean_batches(Numbered(), torch.device("cpu")))).flatten(), seen)
