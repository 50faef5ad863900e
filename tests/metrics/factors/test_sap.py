import json

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from disentangle_eval.config import build
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.latents import Categorical, Continuous
from disentangle_eval.metrics.code_arrays import code_table
from disentangle_eval.metrics.factors.config import SAPConfig
from disentangle_eval.metrics.factors.sap import SAPMetric, squared_correlations
from disentangle_eval.metrics.subject import CodeTable
from disentangle_eval.metrics.toolbox.samples import draw_samples

PROTOCOLS = list(SAPConfig.protocols)


def score(subject, protocol="dlib", seed=0, **settings):
    cfg = build(SAPConfig, {**SAPConfig.protocols[protocol], **settings})
    return SAPMetric(cfg).score(subject, seed)


def test_every_accuracy_is_that_of_a_classifier_fitted_alone(space, classes):
    codes = classes[:, :3] + np.random.default_rng(0).normal(size=(len(space), 3))
    table = CodeTable(codes, space)
    values = score(table, num_train=300, num_test=200).values
    train, test = draw_samples(table, 0, 300, 200)
    for factor in range(4):
        for column in range(3):
            classifier = LinearSVC(C=0.01, class_weight="balanced")
            classifier.fit(train.codes[:, [column]], train.factors[:, factor])
            accuracy = classifier.score(test.codes[:, [column]], test.factors[:, factor])
            assert values["score_matrix"][column][factor] == accuracy
        _, second, best = sorted(np.array(values["score_matrix"])[:, factor])
        assert values["gaps"][factor] == best - second
        assert values["score_matrix"][values["best_dims"][factor]][factor] == best


def test_squared_correlations_equal_those_of_numpy_at_any_scale(classes):
    codes = (classes + np.random.default_rng(0).normal(size=classes.shape)) * [1.0, -1e-9, 1e200, 1e-200]
    blocks = [column[:, None] for column in codes.T]
    plain = np.corrcoef((codes / np.abs(codes).max(axis=0)).T, classes.T)[:4, 4:] ** 2
    np.testing.assert_allclose(squared_correlations(blocks, classes), plain, rtol=1e-9)


def test_a_perfect_code_correlates_fully(space, classes):
    values = score(CodeTable(np.hstack([classes * -2.0, np.full((len(space), 1), 0.1)]), space), "correlation").values
    assert values["value"] == pytest.approx(1, abs=0.01)
    assert values["best_dims"] == [0, 1, 2, 3]
    assert values["score_matrix"][4] == [0, 0, 0, 0]


def test_a_perfect_code_of_two_classes_scores_half():
    space = FactorSpace(("a", "b"), (2, 2))
    assert score(CodeTable(space.classes(np.arange(4)), space)).values["value"] == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("codes", [np.full((360, 3), 0.1), np.random.default_rng(0).normal(size=(360, 1))])
def test_dead_dimensions_alone_and_a_single_dimension_score_0(space, protocol, codes):
    scores = score(CodeTable(codes, space), protocol, num_train=500, num_test=200)
    assert scores.values["value"] == scores.chance == 0
    json.dumps(scores.values, allow_nan=False)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_column_of_classes_in_any_order_predicts_its_factor(space, classes, protocol):
    codes = classes.astype(float)
    codes[:, 3] = np.array([4, 0, 5, 2, 1, 3])[classes[:, 3]]
    table = CodeTable(codes, space, (Continuous(), Continuous(), Continuous(), Categorical(6)))
    values = score(table, protocol, num_train=1000, num_test=500).values
    assert values["score_matrix"][3][3] == pytest.approx(1)
    assert values["best_dims"][3] == 3
    plain = score(CodeTable(codes, space), protocol, num_train=1000, num_test=500).values
    assert plain["score_matrix"][3][3] < 0.5


def test_a_column_of_classes_correlates_as_much_as_the_means_of_its_classes_explain(classes):
    column = np.random.default_rng(0).integers(3, size=len(classes))
    block = (column[:, None] == np.arange(4)).astype(float)
    means = np.stack([classes[column == k].mean(axis=0) for k in range(3)])[column]
    found = squared_correlations([block], classes)
    np.testing.assert_allclose(found[0], means.var(axis=0) / classes.var(axis=0), rtol=1e-9)


def test_a_perfect_code_of_tiny_or_huge_numbers_is_seen(space, classes):
    tiny, huge = (score(CodeTable(unit * (classes + 3.0), space)).values for unit in (1e-9, 1e160))
    assert tiny["best_dims"] == huge["best_dims"] == [0, 1, 2, 3]
    assert min(tiny["value"], huge["value"]) > 0.1


def test_correlations_are_over_all_labelled_images():
    factors = np.random.default_rng(0).integers(4, size=(90, 2))
    found = score(code_table({"codes": factors * 1.0, "factors": factors}), "correlation")
    assert found.counts == {"num_train": 90}
    expected = np.square(np.corrcoef(factors.T))
    np.testing.assert_allclose(found.values["score_matrix"], expected, atol=1e-9)


def test_the_chance_level_of_unbalanced_classes_is_not_that_of_an_informative_code():
    random = np.random.default_rng(0)
    factor = random.choice(2, size=(1500, 1), p=[0.97, 0.03])
    codes = np.hstack([factor + 0.3 * random.normal(size=(1500, 1)), random.normal(size=(1500, 3))])
    found = score(code_table({"codes": codes, "factors": factor}))
    shuffled = [code_table({"codes": codes[random.permutation(1500)], "factors": factor}) for _ in range(10)]
    assert found.values["value"] > 0.3
    assert found.chance == pytest.approx(np.mean([score(table).values["value"] for table in shuffled]), abs=0.02)
