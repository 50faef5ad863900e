"""Data of the user's own from the command line: checked, trained on, scored as far as they allow, and packed."""

import h5py
import numpy as np
import pytest

from disentangle_eval.registry.lookup import load_registry

pytestmark = pytest.mark.usefixtures("unrendered_plots")

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(256, size=(60, 28, 28), dtype=np.uint8)
GRID = np.stack(np.unravel_index(np.arange(60), (3, 4, 5)), axis=1)
SHORT = ["--iterations", 2, "--batch-size", 4, "--threads", 1, "--device", "cpu"]


@pytest.fixture
def table(tmp_path, monkeypatch):
    """An npz of labelled samples: one combination of factors is not there."""
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "faces.npz", images=IMAGES[:59], factors=GRID[:59] * 0.5, labels=GRID[:59, 0])
    return "npz:faces.npz"


def test_a_model_trains_on_labelled_samples_and_is_scored_as_far_as_they_allow(deval, table):
    trained = deval("train", "vae", "--dataset", table, *SHORT)
    assert (trained.code, trained.out) == (0, "runs/vae-npz-faces-seed0/checkpoint.pt\n")
    run = "runs/vae-npz-faces-seed0"
    refused = deval("score", "--metric", "factorvae", run)
    assert refused.code == 2
    assert "metric 'factorvae' needs grid, which " in refused.error
    assert "npz@faces.npz does not offer" in refused.error
    if "mig" in load_registry().metrics:
        scored = deval("score", "--metric", "mig", run)
        assert scored.code == 0, scored.err
        assert "on npz@faces.npz" in scored.out + scored.err


def test_rows_that_are_a_whole_grid_can_be_scored_by_every_metric(deval, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    order = RANDOM.permutation(60)
    with h5py.File("all.h5", "w") as file:
        file["pictures"], file["y"] = IMAGES[order] / 255, GRID[order]
    written = "h5:all.h5?images=pictures&factors=y"
    assert (
        "factors  factor0 3, factor1 4, factor2 5; every combination is there" in deval("data", "verify", written).out
    )
    assert deval("train", "vae", "--dataset", written, *SHORT).code == 0
    protocol = ["--set", "train_votes=20", "--set", "eval_votes=20", "--set", "variance_samples=50"]
    scored = deval("score", "--metric", "factorvae", *protocol, "runs/vae-h5-all-seed0")
    assert scored.code == 0, scored.err


def test_a_packed_file_has_the_same_images_under_the_same_checksum(deval, table):
    def sha256(name: str) -> str:
        (line,) = [line for line in deval("data", "verify", name).out.splitlines() if line.startswith("sha256")]
        return line

    assert deval("data", "pack", table, "faces.h5").out == "faces.h5\n"
    assert sha256("h5:faces.h5") == sha256(table)
    assert "data     npz@faces.npz (packed)" in deval("data", "verify", "h5:faces.h5").out
    with h5py.File("faces.h5") as file:
        assert file["provenance"].attrs["source"] == table


def test_continuous_factors_ask_for_bins_on_the_command_line(deval, tmp_path):
    np.savez(tmp_path / "own.npz", images=IMAGES, factors=RANDOM.uniform(size=(60, 2)))
    assert "received 60 different values in 60 images" in deval("data", "verify", f"npz:{tmp_path}/own.npz").error
    told = deval("data", "verify", f"npz:{tmp_path}/own.npz?bins=6").out
    assert "factors  factor0 6, factor1 6; not every combination is there" in told
