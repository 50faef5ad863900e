"""`disentangle_eval.score`: plain arrays, numpy or torch."""

import subprocess
import sys

import numpy as np
import pytest
import torch

import disentangle_eval
from disentangle_eval.errors import UsageError

SIZES = (3, 4, 5, 6)
# Quick metrics only.
SETTINGS = {"train_votes": 100, "eval_votes": 50, "samples_per_vote": 8, "variance_samples": 100}


def test_a_grid_of_codes_is_scored_and_torch_equals_numpy(classes):
    found = disentangle_eval.score(classes, factor_sizes=SIZES, metrics=["factorvae"], **SETTINGS)["factorvae"]
    same = disentangle_eval.score(torch.from_numpy(classes), factor_sizes=SIZES, metrics=["factorvae"], **SETTINGS)
    assert found.value == same["factorvae"].value == 1.0
    assert found.settings["protocol"] == ", ".join(["dlib", *(f"{name}={value}" for name, value in SETTINGS.items())])


def test_labels_are_scored_by_what_reads_labels():
    labels = np.arange(60) % 3
    results = disentangle_eval.score(labels[:, None], labels=labels, code_classes=[3], metrics=["cluster-accuracy"])
    assert results["cluster-accuracy"].value == 1.0


def test_what_the_arrays_do_not_allow_is_an_error_when_asked_for_by_name(classes):
    with pytest.raises(UsageError, match="metric 'factorvae' needs grid, which this table of codes does not offer"):
        disentangle_eval.score(classes[1:], factors=classes[1:], metrics=["factorvae"])


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        (
            {"factor_sizes": SIZES, "factors": np.zeros((360, 2))},
            "factor_sizes and factors: received .* expected one",
        ),
        (
            {"factors": np.zeros((359, 2))},
            r"factors: received float64 of shape \(359, 2\), expected .* \(360, F\)",
        ),
        ({"factors": np.zeros((360, 2), str)}, "factors: received <U1"),
        ({"factors": np.full((360, 1), np.nan)}, "factors: received NaN"),
        ({"factor_sizes": SIZES, "treshold": 0.1}, "received treshold, expected a setting of the metric: .*threshold"),
        ({"factor_sizes": SIZES, "threshold": -1}, "threshold: received -1"),
    ],
)
def test_arrays_and_settings_that_do_not_fit_are_named(classes, arrays, told):
    with pytest.raises(UsageError, match=told):
        disentangle_eval.score(classes, metrics=["factorvae"], **arrays)


def test_records_are_still_read_without_torch():
    code = "import sys, disentangle_eval; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
