import json

import numpy as np
import pytest
from code_tables import load_code_table
from pixel_models import GridData, PixelEncoder
from scipy.linalg import sqrtm
from sklearn.metrics import mutual_info_score

from disentangle_eval.config import build
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.latents import Categorical, Continuous
from disentangle_eval.metrics.code_arrays import code_table
from disentangle_eval.metrics.independence.config import UnsupervisedConfig
from disentangle_eval.metrics.independence.unsupervised import UnsupervisedMetric
from disentangle_eval.metrics.subject import CodeTable, EncodedSubject

GAUSSIAN = (
    "gaussian_total_correlation",
    "gaussian_wasserstein_correlation",
    "gaussian_wasserstein_correlation_norm",
)


def score(subject, seed=0, **settings):
    cfg = build(UnsupervisedConfig, {**UnsupervisedConfig.protocols["dlib"], **settings})
    return UnsupervisedMetric(cfg).score(subject, seed)


def normal_codes(n=500, dims=4):
    random = np.random.default_rng(0)
    return random.normal(size=(n, dims)) @ random.normal(size=(dims, dims))


def test_dlib_equals_the_reference_and_leaves_collapsed_dimensions_out(golden):
    table = load_code_table(golden.file)
    values = score(table, golden.seed).values
    expected = dict(golden.scores["unsupervised"])
    alive = np.ptp(table.codes(np.arange(len(table))), axis=0) > 0
    assert values["num_active_dims"] == len(values["active_dims"]) == values["rank"] == np.count_nonzero(alive)
    if not alive.all():
        assert np.isnan(expected.pop("gaussian_total_correlation"))
        assert 0 < values["gaussian_total_correlation"] < 1e-4
    for name, number in expected.items():
        assert values[name] == pytest.approx(number, rel=1e-8), name


def test_a_score_equals_the_textbook_formulae():
    codes = normal_codes()
    values = score(CodeTable(codes)).values
    covariance = np.cov(codes.T)
    independent = np.diag(np.diag(covariance))
    half = sqrtm(independent)
    distance = np.trace(covariance + independent - 2 * sqrtm(half @ covariance @ half))
    divergence = 0.5 * np.log(np.linalg.det(independent) / np.linalg.det(covariance))
    assert values["gaussian_total_correlation"] == pytest.approx(divergence)
    assert values["gaussian_wasserstein_correlation"] == pytest.approx(distance)
    assert values["gaussian_wasserstein_correlation_norm"] == pytest.approx(distance / np.trace(covariance))

    edges = [np.linspace(column.min(), column.max(), 21)[1:-1] for column in codes.T]
    bins = [np.digitize(column, edge) for column, edge in zip(codes.T, edges, strict=True)]
    information = [[mutual_info_score(a, b) for b in bins] for a in bins]
    np.testing.assert_allclose(values["mutual_info_matrix"], information)
    assert values["mutual_info_score"] == pytest.approx((np.sum(information) - np.trace(information)) / 12)


def test_independent_dimensions_score_0(space, classes):
    values = score(CodeTable(classes.astype(float), space), num_images=50_000).values
    for name in (*GAUSSIAN, "mutual_info_score"):
        assert values[name] == pytest.approx(0, abs=1e-3)


def test_what_is_left_between_independent_dimensions_is_a_bias_of_the_sample():
    random = np.random.default_rng(0)
    found = [score(CodeTable(random.normal(size=(1000, 10)))).values["gaussian_total_correlation"] for _ in range(20)]
    assert np.mean(found) == pytest.approx(10 * 9 / (4 * 1000), rel=0.1)


@pytest.mark.parametrize("seed", range(20))
def test_a_dimension_that_follows_from_others_counts_14_nats_and_lowers_the_rank(seed):
    random = np.random.default_rng(seed)
    codes = random.normal(size=(1000, 4))
    values = score(CodeTable(np.hstack([codes, codes @ random.normal(size=(4, 1))]))).values
    assert values["rank"] == 4
    assert values["num_active_dims"] == 5
    assert 12 < values["gaussian_total_correlation"] < 18
    json.dumps(values, allow_nan=False)


def test_the_scale_of_a_dimension_matters_to_the_wasserstein_distance_alone():
    codes = normal_codes()
    plain, scaled = (score(CodeTable(codes * scale)).values for scale in (1, [1e-3, 1, 1, 1e3]))
    assert scaled["gaussian_total_correlation"] == pytest.approx(plain["gaussian_total_correlation"])
    assert scaled["mutual_info_matrix"] == plain["mutual_info_matrix"]
    assert scaled["gaussian_wasserstein_correlation_norm"] != pytest.approx(
        plain["gaussian_wasserstein_correlation_norm"], rel=0.1
    )


def test_dead_dimensions_dilute_the_mean_information_of_all_and_not_of_the_active():
    codes = normal_codes()
    alone, diluted = (score(CodeTable(table)).values for table in (codes, np.hstack([codes, np.ones((500, 4))])))
    assert diluted["active_mutual_info_score"] == pytest.approx(alone["mutual_info_score"])
    assert diluted["mutual_info_score"] == pytest.approx(alone["mutual_info_score"] * 12 / 56)


def test_a_column_of_classes_has_information_and_no_covariance():
    random = np.random.default_rng(0)
    classes = random.integers(3, size=3000)
    codes = np.stack([np.array([2, 0, 1])[classes], classes, random.normal(size=3000)], axis=1)
    values = score(CodeTable(codes, code=(Categorical(3), Categorical(3), Continuous()))).values
    assert values["active_dims"] == [2]
    assert values["gaussian_total_correlation"] == 0
    assert values["mutual_info_matrix"][0][1] == pytest.approx(np.log(3), rel=1e-3)


@pytest.mark.parametrize("beside", ["labels", "factors"])
def test_codes_without_a_grid_are_each_taken_once(beside):
    codes = normal_codes()
    zeros = np.zeros((500, 1) if beside == "factors" else 500, dtype=int)
    values = score(code_table({"codes": codes, beside: zeros})).values
    assert values == score(CodeTable(codes)).values


def test_a_model_on_images_without_factors_is_scored(space):
    data = GridData(space)

    class Unlabelled:
        factors, name, sha256, shape, images = None, data.name, data.sha256, data.shape, data.images

        def __len__(self):
            return len(data)

    values = score(EncodedSubject(PixelEncoder(4), Unlabelled()), num_images=100).values
    assert values["active_dims"] == [0, 1, 2, 3]


def test_one_image_and_codes_too_large_are_refused():
    with pytest.raises(UsageError, match="received 1 images, expected at least 2"):
        score(CodeTable(np.ones((1, 2))))
    with pytest.raises(DevalError, match="too large to take variances of"):
        score(CodeTable(np.random.default_rng(0).normal(size=(50, 2)) * 1e200, FactorSpace(("x",), (50,))))
