import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from disentangle_eval.metrics.images.fidelity_import import fidelity
from disentangle_eval.metrics.images.frechet import Gaussian, distance_between_gaussians, distance_between_samples, fit

CPU = torch.device("cpu")


def features(n, dims=5, seed=0, scale=1.0, shift=0.0):
    random = np.random.default_rng(seed)
    mixing = np.random.default_rng(9).normal(size=(dims, dims))
    return (scale * random.normal(size=(n, dims)) @ mixing + shift).astype(np.float32)


def by_scipy(one, other):
    one, other = one.astype(np.float64), other.astype(np.float64)
    covariances = [np.cov(sample, rowvar=False) for sample in (one, other)]
    difference = one.mean(axis=0) - other.mean(axis=0)
    return (
        difference @ difference + np.trace(sum(covariances)) - 2 * np.trace(sqrtm(covariances[0] @ covariances[1])).real
    )


def gaussian_distance(one, other):
    return distance_between_gaussians(fit(one, CPU), fit(other, CPU))


def test_many_samples_equal_scipy_and_torch_fidelity(monkeypatch):
    monkeypatch.setattr("disentangle_eval.metrics.images.frechet._BLOCK", 7)
    one, other = features(200), features(300, seed=1, scale=1.3, shift=0.4)
    found = gaussian_distance(one, other)
    assert found.value == pytest.approx(by_scipy(one, other), rel=1e-9)
    metric_fid = fidelity("metric_fid")
    statistics = [metric_fid.fid_features_to_statistics(torch.from_numpy(x).double()) for x in (one, other)]
    theirs = metric_fid.fid_statistics_to_metric(*statistics, verbose=False)[metric_fid.KEY_METRIC_FID]
    assert found.value == pytest.approx(theirs, rel=1e-9)
    assert "Cholesky" in found.root


@pytest.mark.parametrize(("n", "m"), [(4, 7), (7, 4), (9, 9)])
def test_fewer_samples_than_features_agree_with_the_covariances_and_with_scipy(n, m):
    one, other = features(n, dims=10), features(m, dims=10, seed=1, shift=0.5)
    found = distance_between_samples(one, other, CPU)
    assert found.value == pytest.approx(by_scipy(one, other), rel=1e-5)
    assert found.value == pytest.approx(gaussian_distance(one, other).value, rel=1e-5)


def test_many_samples_against_few():
    one, other = features(5, dims=8), features(50, dims=8, seed=1)
    found = gaussian_distance(one, other)
    assert found.value == pytest.approx(by_scipy(one, other), rel=1e-5)
    assert found.value == pytest.approx(gaussian_distance(other, one).value, rel=1e-12)
    assert "Cholesky" in found.root


def test_known_gaussians_have_the_closed_form():
    """Commuting covariances: sum of (m1 - m2)^2 + (s1 - s2)^2."""
    m1, m2, s1, s2 = np.random.default_rng(0).uniform(0.5, 2, size=(4, 5))
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(5, 5)))[0]
    one, other = (
        Gaussian(100, torch.from_numpy(turn @ m), torch.from_numpy(turn @ np.diag(s**2) @ turn.T))
        for m, s in ((m1, s1), (m2, s2))
    )
    found = distance_between_gaussians(one, other)
    assert found.mean_term == pytest.approx(((m1 - m2) ** 2).sum())
    assert found.covariance_term == pytest.approx(((s1 - s2) ** 2).sum())


def test_features_of_known_gaussians_have_the_closed_form_but_for_sampling():
    random = np.random.default_rng(0)
    one = random.normal(1.0, 2.0, size=(40_000, 3)).astype(np.float32)
    other = random.normal(0.0, 1.0, size=(40_000, 3)).astype(np.float32)
    assert gaussian_distance(one, other).value == pytest.approx(3 * (1 + 1), rel=0.02)


@pytest.mark.filterwarnings("ignore:Matrix is singular")
@pytest.mark.parametrize("distance", [gaussian_distance, lambda one, other: distance_between_samples(one, other, CPU)])
def test_a_set_is_at_no_distance_from_itself_and_constant_features_are_no_obstacle(distance):
    one, other = features(20, dims=30), features(25, dims=30, seed=1)
    for sample in (one, other):
        sample[:, :3] = 7.5
    assert distance(one, one).value == pytest.approx(0, abs=1e-3 * float(np.var(one, axis=0).sum()))
    assert distance(one, other).value == pytest.approx(by_scipy(one, other), rel=1e-4)
    flat = np.full((20, 30), 2.0, dtype=np.float32)
    assert distance(flat, flat).value == 0
    assert distance(flat, flat + 1).value == 30
    assert np.isfinite(distance(flat, one).value)


def test_more_samples_have_less_bias():
    values = [gaussian_distance(features(n, 20, seed=1), features(n, 20, seed=2)).value for n in (50, 500, 5000)]
    assert values[0] > 5 * values[1] > 25 * values[2] > 0
