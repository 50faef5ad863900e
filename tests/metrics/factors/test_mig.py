import json

import numpy as np
import pytest
from scipy.stats import norm

import disentangle_eval as de
from disentangle_eval.config import build
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.errors import UsageError
from disentangle_eval.latents import Categorical, Continuous
from disentangle_eval.metrics.code_arrays import code_table
from disentangle_eval.metrics.factors.config import MIGConfig
from disentangle_eval.metrics.factors.mig import MIGMetric
from disentangle_eval.metrics.subject import CodeTable
from disentangle_eval.metrics.toolbox import posterior_information


def score(subject, protocol="dlib", seed=0, **settings):
    cfg = build(MIGConfig, {**MIGConfig.protocols[protocol], **settings})
    return MIGMetric(cfg).score(subject, seed)


def test_every_gap_is_the_lead_in_information_over_the_entropy(space):
    codes = np.random.default_rng(0).normal(size=(len(space), 3))
    values = score(CodeTable(codes, space), num_train=200).values
    information = np.array(values["mutual_information"])
    assert information.shape == (3, 4)
    for factor, column in enumerate(information.T):
        second, best = sorted(column)[1:]
        assert values["gaps"][factor] == pytest.approx((best - second) / values["entropy"][factor])
        assert column[values["best_dims"][factor]] == best
    assert values["value"] == pytest.approx(np.mean(values["gaps"]))


def test_a_perfect_code_scores_1_with_dead_dimensions_beside_it(space, classes):
    codes = np.hstack([np.full((len(space), 1), 0.1), classes * [1.0, -2.0, 0.5, 3.0]]).astype(np.float32)
    values = score(CodeTable(codes, space)).values
    assert values["value"] == pytest.approx(1, abs=0.01)
    assert values["best_dims"] == [1, 2, 3, 4]
    assert not any(values["mutual_information"][0])


def test_a_factor_held_twice_has_no_gap(space, classes):
    values = score(CodeTable(np.hstack([classes, 2.0 * classes[:, :2]]), space)).values
    assert values["gaps"] == pytest.approx([0, 0, 1, 1], abs=0.01)


@pytest.mark.parametrize("codes", [np.full((360, 3), 0.1), np.random.default_rng(0).normal(size=(360, 1))])
def test_dead_dimensions_alone_and_a_single_dimension_score_0(space, codes):
    scores = score(CodeTable(codes, space))
    assert scores.values["value"] == scores.chance == 0
    json.dumps(scores.values, allow_nan=False)


def test_a_column_of_classes_in_any_order_keeps_every_class():
    space = FactorSpace(("a", "b"), (30, 4))
    classes = space.classes(np.arange(len(space)))
    codes = classes.astype(float)
    codes[:, 0] = np.random.default_rng(0).permutation(30)[classes[:, 0]]
    assert score(CodeTable(codes, space, (Categorical(30), Continuous()))).values["gaps"][0] > 0.98
    assert score(CodeTable(codes, space)).values["gaps"][0] < 0.9


def test_chen_equals_the_densities_of_the_posteriors_summed_up_by_plain_loops(monkeypatch):
    factors = FactorSpace(("a", "b"), (3, 4))
    random = np.random.default_rng(0)
    classes = factors.classes(np.arange(12))
    means, log_variance = classes + random.normal(size=(12, 2)), random.normal(size=(12, 2)) - 1
    drawn = []
    sample = posterior_information.sample_aggregate
    monkeypatch.setattr(posterior_information, "sample_aggregate", lambda *a: drawn.append(sample(*a)) or drawn[-1])
    values = score(CodeTable(means, factors, log_variance=log_variance), "chen", num_samples=40).values

    z, rows = drawn[0].z.double().numpy(), drawn[0].rows.numpy()
    expected = np.zeros((2, 2))
    for point, row in zip(z, rows, strict=True):
        density = norm.pdf(point, means, np.exp(log_variance / 2))
        for factor in range(2):
            alike = classes[:, factor] == classes[row, factor]
            expected[:, factor] += np.log(density[alike].mean(axis=0) / density.mean(axis=0)) / len(z)
    np.testing.assert_allclose(values["mutual_information"], expected.clip(0), atol=1e-4)
    assert values["entropy"] == pytest.approx([np.log(3), np.log(4)])


def test_chen_scores_1_for_sharp_posteriors_of_a_perfect_code_and_near_0_for_wide_ones(space, classes):
    sharp, wide = (
        score(CodeTable(classes * 1.0, space, log_variance=np.full(classes.shape, width)), "chen", num_samples=500)
        for width in (-6.0, 8.0)
    )
    assert sharp.values["value"] == pytest.approx(1, abs=0.02)
    assert abs(sharp.chance) < 0.05
    assert wide.values["value"] < 0.02
    with pytest.raises(UsageError, match=r"'mig' needs posterior, .*its protocol 'dlib' does without"):
        de.score(classes * 1.0, factors=classes, metrics=["sap", "mig"], protocol="chen")


def test_without_a_number_of_images_every_image_of_a_grid_is_counted_once(space, classes):
    code = tuple(Categorical(size) for size in space.sizes)
    found = score(CodeTable(classes, space, code), num_train=None)
    assert found.values["gaps"] == pytest.approx([1, 1, 1, 1], abs=1e-12)
    assert found.counts == {"num_train": len(space)}


def test_chen_counts_a_column_of_classes_in_any_order():
    random = np.random.default_rng(0)
    classes = random.integers(4, size=(1000, 1))
    factors = np.hstack([classes, classes // 2])
    for order in ([0, 1, 2, 3], [0, 2, 1, 3]):
        codes = np.hstack([np.array(order)[classes], random.normal(size=(1000, 1))])
        arrays = {"codes": codes, "factors": factors, "code_classes": np.array([4, 0]), "log_variance": 0 * codes}
        table = code_table(arrays)
        values = score(table, "chen", num_samples=500).values
        assert values["mutual_information"][0] == pytest.approx(values["entropy"])
