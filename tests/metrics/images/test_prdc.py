import numpy as np
import pytest
import torch
from image_generators import Extractor, NoisyGenerator, byte_images, save_torchscript

from disentangle_eval.config import build
from disentangle_eval.errors import UsageError
from disentangle_eval.metrics.images.config import PRDCConfig
from disentangle_eval.metrics.images.fidelity_import import fidelity
from disentangle_eval.metrics.images.neighbours import balls
from disentangle_eval.metrics.images.prdc import PRDCMetric, coverage_if_equal
from disentangle_eval.metrics.subject import EncodedSubject

CPU = torch.device("cpu")


def features(n, seed, shift=0.0, dims=4):
    return (np.random.default_rng(seed).normal(size=(n, dims)) + shift).astype(np.float32)


def shares(real, generated, k):
    """Precision, recall, density and coverage."""
    found = balls(real, generated, k, CPU)
    return [
        float((found.generated_in_real > 0).float().mean()),
        float(found.real_in_generated.float().mean()),
        float(found.generated_in_real.double().mean() / k),
        float(found.real_reached.float().mean()),
    ]


def shares_one_by_one(real, generated, k):
    """The definitions, from all distances."""

    def radii(points):
        return [sorted(np.linalg.norm(x - y) for y in points)[k] for x in points]

    around_real, around_generated = radii(real), radii(generated)
    in_real = np.array(
        [[np.linalg.norm(x - y) <= r for x, r in zip(real, around_real, strict=True)] for y in generated]
    )
    in_generated = [
        any(np.linalg.norm(x - y) <= r for y, r in zip(generated, around_generated, strict=True)) for x in real
    ]
    return [
        in_real.any(axis=1).mean(),
        np.mean(in_generated),
        in_real.sum() / (k * len(generated)),
        in_real.any(axis=0).mean(),
    ]


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("block", [7, 1000])
def test_balls_counted_in_blocks_equal_the_definitions(monkeypatch, k, block):
    monkeypatch.setattr("disentangle_eval.metrics.images.neighbours._BLOCK", block)
    real, generated = features(40, 0), features(30, 1, shift=0.7)
    assert shares(real, generated, k) == pytest.approx(shares_one_by_one(real, generated, k), rel=1e-6)


def test_precision_and_recall_equal_torch_fidelity():
    real, generated = features(150, 0), features(120, 1, shift=0.7)
    metric_prc = fidelity("metric_prc")
    theirs = metric_prc.prc_features_to_metric(
        torch.from_numpy(generated), torch.from_numpy(real), prc_neighborhood=3, verbose=False
    )
    expected = [theirs[metric_prc.KEY_METRIC_PRECISION], theirs[metric_prc.KEY_METRIC_RECALL]]
    assert shares(real, generated, 3)[:2] == pytest.approx(expected, rel=1e-6)
    assert 0.2 < expected[1] < expected[0] < 0.95 or 0.2 < expected[0] < expected[1] < 0.95


def test_duplicates_are_in_each_other_s_balls_far_from_the_origin_too():
    """Differences of large squared norms are all rounding, and a copy lies on the boundary of a ball of radius 0."""
    distinct = features(20, 0, shift=1000.0, dims=64)
    real = np.repeat(distinct, 4, axis=0)
    assert shares(real, distinct.repeat(2, axis=0), 1) == [1, 1, 4.0, 1]
    assert shares(real, distinct.repeat(4, axis=0) + np.float32(1e-2), 1)[0] == 0


def test_distances_far_below_the_norms_are_no_rounding():
    """Two clusters, and generated points next to each that are in no ball; differences are exact in float64."""
    centres = np.repeat([[100.0], [-100.0]], 60, axis=0)
    real, generated = (np.float32(centres + 1e-4 * features(120, seed, dims=8)) for seed in (0, 1))
    generated += np.float32(1e-3)
    assert shares(real, generated, 5) == [0, 0, 0, 0]


def test_what_one_set_lacks_shows_in_one_share_alone():
    left, right = features(100, 0), features(100, 1, shift=50.0)
    both, left_again = np.vstack([left, right]), features(200, 2)
    precision, recall, density, coverage = shares(both, left_again, 5)
    assert precision > 0.8 < density
    assert 0.3 < recall < 0.55
    assert 0.3 < coverage < 0.55
    precision, recall, density, coverage = shares(left, np.vstack([left_again[:100], right]), 5)
    assert precision < 0.55 > density
    assert recall > 0.8 < coverage
    assert shares(left, right, 5) == [0, 0, 0, 0]


def test_coverage_of_an_equal_generator():
    found = np.mean([shares(features(60, 2 * i, dims=2), features(50, 2 * i + 1, dims=2), 3)[3] for i in range(200)])
    assert found == pytest.approx(coverage_if_equal(60, 50, 3), abs=0.01)
    assert coverage_if_equal(10_000, 10_000, 5) == pytest.approx(1 - 2**-5, abs=1e-3)


def test_an_outlier_is_far_from_all_others_and_makes_no_two_of_them_near():
    real, generated = features(100, 0), features(100, 1, shift=6.0)
    assert shares(real, generated, 3) == [0, 0, 0, 0]
    # On the far side of its own set, where its ball ends.
    generated[0] = 1e7
    assert shares(real, generated, 3) == [0, 0, 0, 0]
    real[0] = -1e7
    assert shares(real, generated, 3) == [0, 0, 0, 0]


@pytest.fixture
def extractor(tmp_path, monkeypatch):
    monkeypatch.setenv("DEVAL_CACHE", str(tmp_path / "cache"))
    return save_torchscript(tmp_path / "tiny.pt", Extractor())


def score(extractor, model, data, seed=0, **settings):
    cfg = build(
        PRDCConfig, {**PRDCConfig.protocols["naeem"], "features": str(extractor), "num_images": 100, **settings}
    )
    return PRDCMetric(cfg).score(EncodedSubject(model, data), seed)


def test_more_neighbours_than_images_are_refused(extractor):
    with pytest.raises(UsageError, match="received 5, expected fewer than the 4 images"):
        score(extractor, NoisyGenerator(), byte_images(4))


def test_a_common_offset_changes_nothing():
    # Eighths, so that float32 holds them far from 0.
    real, generated = (np.round(8 * features(60, seed, shift=0.5 * seed)) / 8 for seed in (0, 1))
    far = np.float32(2**20)
    assert shares(real + far, generated + far, 3) == shares(real, generated, 3)
