"""`disentangle_eval.score`: plain arrays, numpy or torch."""

import subprocess
import sys

import numpy as np
import pytest
import torch

import disentangle_eval
from disentangle_eval.errors import DevalWarning, UsageError

SIZES = (3, 4, 5, 6)
# Labelled samples that are no grid.
FACTORS = np.random.default_rng(0).integers([3, 4], size=(60, 2))
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
    ("arrays", "metric", "advice"),
    [
        ({"factors": FACTORS}, "factorvae", "its protocol 'labelled' does without"),
        ({"labels": FACTORS[:, 0]}, "mig", "`deval metrics` .* needs, `deval data verify` what a data set offers"),
        ({"factors": FACTORS}, "gilbo", "`deval metrics` lists what each metric needs"),
        ({"labels": FACTORS[:, 0]}, "cluster-accuracy", "protocol k-means clusters real numbers"),
    ],
)
def test_the_error_names_a_protocol_that_would_do_or_where_needs_are_listed(arrays, metric, advice):
    with pytest.raises(UsageError, match=f"{advice}$"):
        disentangle_eval.score(FACTORS + 0.5, **arrays, metrics=metric)


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


def quick(codes, **arrays):
    return disentangle_eval.score(codes, metrics="mig", **arrays)["mig"].to_json().partition('"seconds"')[0]


def test_tensors_of_every_kind_score_as_their_numbers(classes):
    codes = torch.from_numpy(classes).float() / 4
    expected = quick(codes, factor_sizes=SIZES)
    kinds = {
        "bfloat16": codes.bfloat16(),
        "float8": codes.to(torch.float8_e4m3fn),
        "sparse": codes.to_sparse(),
        "csr": codes.to_sparse_csr(),
        "requires grad": codes.clone().requires_grad_(),
        "list of rows": list(codes.clone().requires_grad_()),
        "strided": codes.repeat(1, 2)[:, : codes.shape[1]],
        "numpy": codes.numpy(),
    }
    for name, kind in kinds.items():
        assert quick(kind, factor_sizes=SIZES) == expected, name
    assert quick(codes, factors=list(torch.from_numpy(classes))) == expected


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        (np.ma.masked_equal(np.zeros((360, 2)), 1), "codes: received a masked array, expected numbers in every entry"),
        (torch.zeros(360, 2, device="meta"), "codes: received a tensor on the meta device"),
        (torch.zeros(360, 2, dtype=torch.complex64), "codes: received dtype complex64, expected real numbers"),
        ([[1.0], [1.0, 2.0]], r"codes: received list \(.*\), expected an array of numbers"),
    ],
)
def test_what_is_no_table_of_numbers_is_named(codes, said):
    with pytest.raises(UsageError, match=said) as caught:
        quick(codes, factor_sizes=SIZES)
    assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore:ComplexHalf support is experimental")
def test_numbers_that_numpy_does_not_have_are_named_with_its_reason():
    codes = torch.zeros(360, 2, dtype=torch.complex32)
    with pytest.raises(UsageError, match=r"codes: received a tensor of torch.complex32 \(\w.*\), expected real"):
        quick(codes, factor_sizes=SIZES)


@pytest.mark.parametrize(
    ("slip", "meant"), [({"factor_size": SIZES}, "factor_sizes"), ({"metric": "mig"}, "metrics"), ({"bin": 3}, "bins")]
)
def test_a_slip_in_a_keyword_is_answered_with_the_nearest_one(classes, slip, meant):
    with pytest.raises(UsageError, match=f"received {next(iter(slip))}, .*did you mean '{meant}'"):
        quick(classes, **slip)


@pytest.mark.parametrize("seed", [-1, 1.5, None, "a", True])
def test_a_seed_that_is_no_integer_from_0_on_is_refused(seed):
    with pytest.raises(UsageError, match=r"seed: received .*, expected an integer from 0 on"):
        disentangle_eval.score(FACTORS, factors=FACTORS, metrics="mig", seed=seed)


def test_a_seed_may_be_an_integer_of_numpy():
    found = [disentangle_eval.score(FACTORS, factors=FACTORS, metrics="mig", seed=seed) for seed in (3, np.int64(3))]
    assert found[0]["mig"].value == found[1]["mig"].value
    assert type(found[1]["mig"].seed) is int


def test_metrics_that_cannot_serve_are_left_out_with_a_warning():
    labels = np.arange(60) % 3
    codes = labels[:, None] + np.random.default_rng(0).normal(size=(60, 2))
    with pytest.warns(DevalWarning, match="cluster-accuracy left out: .* real numbers"):
        results = disentangle_eval.score(codes, labels, labels=labels, num_train=30, train_sizes=[10, 30])
    assert {"mig", "sap"} <= set(results)
    assert "cluster-accuracy" not in results


def test_a_table_is_scored_and_a_misspelt_metric_refused_without_torch(tmp_path):
    np.savez(tmp_path / "t.npz", codes=np.arange(60).reshape(30, 2), factor_sizes=[5, 6])
    code = (
        "import sys\n"
        "from disentangle_eval.cli.main import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as end: print(end.code, 'torch' in sys.modules)"
    )
    for metric, answer in (("mig", "0 False"), ("mgi", "2 False")):
        arguments = ("score", "--metric", metric, "--codes", str(tmp_path / "t.npz"))
        done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
        assert done.stdout.splitlines()[-1] == answer, done.stderr


def test_records_are_still_read_without_torch():
    code = "import sys, disentangle_eval; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
