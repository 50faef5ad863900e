"""`deval score` with a metric that needs labels: which data set is scored, and how the result says so."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def run(install, deval, tmp_path) -> Path:
    """A run on images without labels whose test set has them."""
    install("deval-digits")
    folder = tmp_path / "run"
    trained = deval("train", "brightness", "--dataset", "digits", "--iterations", 1, "--out", folder)
    assert trained.code == 0, trained.err
    return folder


def test_the_test_set_of_the_training_set_is_scored_and_named(deval, run):
    answer = deval("score", "--metric", "cluster-accuracy", "--protocol", "hungarian", run, "--json")
    result = json.loads(answer.out)
    assert answer.code == 0
    assert "warning" not in answer.err
    assert (result["trained_on"], result["dataset"], result["value"]) == ("digits", "digits-test", 1.0)
    assert result["dataset_sha256"] != json.loads((run / "run.json").read_text())["data"]["sha256"]
    assert result["details"]["mapping_split"] == "digits-test"
    assert result["details"]["confusion"] == [[0, 0, 1], [0, 1, 0], [3, 0, 0]]
    assert (run / "pictures" / "confusion.png").stat().st_size > 1000


def test_clusters_are_named_on_the_images_held_back_from_training_and_scored_on_the_test_set(deval, run):
    answer = deval("score", "--metric", "cluster-accuracy", "--protocol", "hinz-wermter", run, "--json")
    result = json.loads(answer.out)
    assert (result["dataset"], result["details"]["mapping_split"]) == ("digits-test", "digits-held-back")
    # The images held back are labelled otherwise, so that a name found there is wrong on every test image.
    assert result["details"]["hungarian_names"] == [0, 2, 1]
    assert (result["value"], result["counts"]) == (0.0, {"held_back": 4})
    assert result["details"]["num_images"] == 5


def test_a_table_for_people_shows_the_classes(deval, run):
    answer = deval("score", "--metric", "cluster-accuracy", run)
    assert "cluster-accuracy (hungarian) of brightness at iteration 1 on digits-test" in answer.out
    assert "confusion by class" in answer.out


def test_a_data_set_that_is_named_is_scored(deval, run):
    answer = deval("score", "--metric", "cluster-accuracy", run, "--dataset", "digits-test", "--json")
    assert json.loads(answer.out)["dataset"] == "digits-test"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--dataset", "digits"], "needs labels, which"),
        (["--dataset", "digits-tset"], "did you mean 'digits-test'?"),
        (
            ["--dataset", "digits-wide"],
            "images of shape (1, 1, 4), expected (1, 1, 3), on which the checkpoint was trained; choose",
        ),
        (["--metric", "factorvae"], "metric 'factorvae' needs grid, which"),
        (["--dataset", "digits", "--protocol", "hinz-wermter"], "needs labels, which"),
    ],
)
def test_a_data_set_that_does_not_fit_is_told_in_one_line(deval, run, arguments, told):
    answer = deval("score", "--metric", "cluster-accuracy", run, *arguments)
    assert answer.code == 2
    assert told in answer.error


def write_codes(path: Path, **arrays: object) -> Path:
    np.savez(path, codes=np.array([[0], [1], [1], [2]]), code_classes=[3], **arrays)
    return path


def test_a_table_of_codes_with_labels_is_scored(deval, tmp_path):
    codes = write_codes(tmp_path / "codes.npz", labels=[7, 8, 8, 8])
    answer = deval("score", "--metric", "cluster-accuracy", "--protocol", "majority", "--codes", codes, "--json")
    result = json.loads(answer.out)
    assert (result["value"], result["details"]["hungarian"]) == (1.0, 0.75)


@pytest.mark.parametrize(
    ("metric", "arrays", "told"),
    [
        ("factorvae", {"labels": [7, 8, 8, 8]}, "needs grid"),
        ("cluster-accuracy", {"factor_sizes": [4]}, "needs labels"),
    ],
)
def test_codes_without_what_a_metric_needs_are_told_in_one_line(deval, tmp_path, metric, arrays, told):
    answer = deval("score", "--metric", metric, "--codes", write_codes(tmp_path / "codes.npz", **arrays))
    assert answer.code == 2
    assert told in answer.error


def test_a_data_set_next_to_codes_that_have_labels_is_refused(deval, tmp_path):
    np.savez(tmp_path / "digits.npz", images=np.zeros((4, 4, 4), dtype=np.uint8))
    codes = write_codes(tmp_path / "codes.npz", labels=[7, 8, 8, 8])
    answer = deval(
        "score", "--metric", "cluster-accuracy", "--codes", codes, "--dataset", f"npz:{tmp_path / 'digits.npz'}"
    )
    assert answer.code == 2
    assert "holds labels of its own: received a data set as well" in answer.error
