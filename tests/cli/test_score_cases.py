"""Small tables that were once scored wrongly, each with its right answer."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

CASES = Path(os.environ.get("DEVAL_SHARED", Path(__file__).parents[3] / "shared")) / "cases"

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="no cases: DEVAL_SHARED names no folder with cases")


def lines(answer):
    assert answer.code == 0, answer.err
    return [json.loads(line) for line in answer.out.splitlines()]


def test_udr_compares_tables_row_by_row_whatever_is_known_of_their_factors(deval):
    folder = CASES / "udr-rows-misaligned"
    for first, second in (("a", "b"), ("a", "b_cols"), ("a", "b_same"), ("a_labels", "b")):
        codes = ("--codes", folder / f"{first}.npz", "--codes", folder / f"{second}.npz")
        for result in lines(deval("score", "--metric", "udr", *codes, "--json")):
            assert result["value"] == pytest.approx(0.9, abs=0.01), (first, second)


def test_all_scores_what_labels_allow_and_leaves_the_rest_out(deval):
    path = CASES / "all-aborts-on-labels" / "t.npz"
    answer = deval("score", "--metric", "all", "--codes", path, "--json")
    metrics = [result["metric"] for result in lines(answer)]
    assert "cluster-accuracy left out" in answer.err
    assert "cluster-accuracy" not in metrics
    assert metrics.index("mig") < metrics.index("unsupervised")


def test_the_gap_of_a_factor_of_mostly_zeros_does_not_depend_on_its_sign(deval):
    found = []
    for name in ("pos", "neg"):
        path = CASES / "bins-zero-inflated" / f"{name}.npz"
        found += lines(deval("score", "--metric", "mig", "--codes", path, "--json"))
    positive, negative = (result["details"] for result in found)
    assert positive["factors"] == negative["factors"] == ["factor0", "factor1"]
    np.testing.assert_allclose(positive["gaps"], negative["gaps"], rtol=1e-12)


def test_results_hold_the_counts_that_were_used(deval):
    folder = CASES / "num-train-not-what-was-used"
    metrics = ("--metric", "sap", "--metric", "dci", "--metric", "mig")
    answer = deval("score", *metrics, "--codes", folder / "sixty.npz", "--json")
    assert [result["counts"] for result in lines(answer)] == [
        {"num_train": 40, "num_test": 20},
        {"num_train": 40, "num_test": 20},
        {"num_train": 60},
    ]
    assert "sap used fewer than its protocol says: num_train 40 of 10,000, num_test 20 of 5,000" in answer.err
    thousand = ("--set", "num_train=20", "--codes", folder / "thousand.npz")
    (result,) = lines(deval("score", "--metric", "dci", *thousand, "--json"))
    assert result["counts"] == {"num_train": 20, "num_test": 980}
