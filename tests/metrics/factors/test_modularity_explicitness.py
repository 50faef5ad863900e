import json
from functools import partial

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.multiclass import OneVsRestClassifier

from disentangle_eval.config import build
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.errors import DevalError
from disentangle_eval.metrics.code_arrays import code_table
from disentangle_eval.metrics.factors import modularity_explicitness, softmax_regression
from disentangle_eval.metrics.factors.config import ModularityExplicitnessConfig
from disentangle_eval.metrics.factors.modularity_explicitness import (
    ModularityExplicitnessMetric,
    explicitness,
    modularity,
    standardised,
)
from disentangle_eval.metrics.subject import CodeTable
from disentangle_eval.metrics.toolbox.samples import draw_samples

SMALL = {"num_train": 1000, "num_test": 500}


def score(subject, seed=0, **settings):
    cfg = build(ModularityExplicitnessConfig, {**ModularityExplicitnessConfig.protocols["dlib"], **settings})
    return ModularityExplicitnessMetric(cfg).score(subject, seed)


def test_modularity_by_hand():
    information = np.array([[2.0, 0.0, 0.0], [2.0, 1.0, 1.0], [0.5, 0.5, 0.5], [0.0, 0.0, 0.0]])
    assert modularity(information).tolist() == [1, 0.75, 0, 0]
    assert modularity(np.array([[2.0, 1.0]])).tolist() == [0.75]
    assert modularity(np.array([[2.0], [0.0]])).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("protocol", "fresh"),
    [("dlib", LogisticRegression), ("dlib-2019", lambda: OneVsRestClassifier(LogisticRegression(solver="liblinear")))],
)
def test_explicitness_is_the_area_under_the_curves_of_a_plain_fit(space, classes, protocol, fresh):
    codes = classes[:, :3] + np.random.default_rng(0).normal(size=(len(space), 3))
    table = CodeTable(codes * [1, 10, 0.1], space)
    solver = ModularityExplicitnessConfig.protocols[protocol]["solver"]
    values = score(table, solver=solver, **SMALL).values
    train, test = draw_samples(table, 0, 1000, 500)
    for factor, size in enumerate(space.sizes):
        x, mean, deviation = train.codes, train.codes.mean(axis=0), train.codes.std(axis=0)
        classifier = fresh().fit((x - mean) / deviation, train.factors[:, factor])
        for part, key in ((train, "explicitness_train"), (test, "explicitness_test")):
            probability = classifier.predict_proba((part.codes - mean) / deviation)
            area = roc_auc_score(np.eye(size)[part.factors[:, factor]], probability)
            assert values[key][factor] == pytest.approx(area, rel=1e-9)


def test_a_perfect_code_is_modular_and_explicit(space, classes):
    values = score(CodeTable(classes * [1.0, -2.0, 0.5, 3.0], space)).values
    assert values["value"] == pytest.approx(1, abs=0.001)
    assert values["explicitness_score_test"] == pytest.approx(1, abs=0.001)


def test_a_rotated_code_is_explicit_but_not_modular(space, classes):
    rotation = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2
    straight, turned = (score(CodeTable(codes, space), **SMALL).values for codes in (classes, classes @ rotation))
    assert turned["value"] < 0.8
    assert turned["explicitness_score_test"] == pytest.approx(straight["explicitness_score_test"], abs=0.05)


def test_a_code_that_knows_nothing_scores_chance():
    space = FactorSpace(("a", "b", "c"), (12, 20, 30))
    scores = score(CodeTable(np.random.default_rng(0).normal(size=(len(space), 8)), space), **SMALL)
    assert scores.chance == pytest.approx(scores.values["value"], abs=0.1)
    assert scores.values["explicitness_score_test"] == pytest.approx(0.5, abs=0.03)


def test_a_dead_dimension_counts_0_in_the_modularity_and_not_in_the_explicitness(space, classes):
    dead = np.full((len(space), 4), 0.1)
    alive = score(CodeTable(classes.astype(np.float32), space), **SMALL).values
    half = score(CodeTable(np.hstack([dead, classes]).astype(np.float32), space), **SMALL).values
    assert half["value"] == pytest.approx(alive["value"] / 2)
    assert half["modularity_informative"] == alive["value"]
    assert half["informative_dims"] == [4, 5, 6, 7]
    assert half["explicitness_test"] == alive["explicitness_test"]


def test_dead_dimensions_alone_score_0_and_read_off_nothing(space):
    values = score(CodeTable(np.full((len(space), 3), 0.1, dtype=np.float32), space), **SMALL).values
    assert values["value"] == 0
    assert values["explicitness_score_train"] == values["explicitness_score_test"] == 0.5
    assert values["modularity_informative"] is None
    json.dumps(values, allow_nan=False)


def test_a_column_of_classes_is_read_off_class_by_class():
    column = np.random.default_rng(0).integers(6, size=900)
    arrays = {"codes": column[:, None], "factors": column[:, None] % 2}
    as_number = score(code_table(arrays)).values
    as_classes = score(code_table({**arrays, "code_classes": np.array([6])})).values
    assert as_classes["value"] == as_number["value"] == 1
    assert as_classes["explicitness_score_test"] == 1
    assert as_number["explicitness_score_test"] < 0.8


def test_labelled_images_are_scored_without_the_factor_that_does_not_vary_and_with_classes_seen_once():
    factors = np.random.default_rng(0).integers(3, size=(300, 3)) * 1.0
    factors[:, 1] = 7
    factors[0] = [9, 7, 11]
    values = score(code_table({"codes": factors[:, [2, 0]], "factors": factors})).values
    assert values["factors"] == ["factor0", "factor2"]
    assert values["value"] > 0.99
    json.dumps(values, allow_nan=False)


def test_codes_too_large_for_a_variance_are_refused(space):
    codes = np.random.default_rng(0).normal(size=(len(space), 2)) * 1e200
    with pytest.raises(DevalError, match="too large to take variances of"):
        score(CodeTable(codes, space))


def test_columns_that_vary_less_than_a_variance_can_hold_take_no_part_in_the_explicitness():
    column = np.arange(4.0)[:, None]
    train, test = standardised(np.hstack([column, 1e-200 * column, 0 * column]), np.hstack([column[:2]] * 3))
    np.testing.assert_allclose(train, (column - 1.5) / column.std())
    np.testing.assert_allclose(test, (column[:2] - 1.5) / column.std())


@pytest.mark.parametrize("solver", ["lbfgs", "liblinear"])
def test_a_factor_is_converged_where_the_solver_needed_fewer_than_all_its_iterations(monkeypatch, solver):
    random = np.random.default_rng(0)
    factors = np.stack([random.integers(2, size=200), random.integers(3, size=200)], axis=1)
    codes = factors + random.normal(size=factors.shape)

    def converged():
        return [reading.converged for reading in explicitness(codes, codes, factors, factors, solver)]

    assert converged() == [True, True]
    monkeypatch.setattr(modularity_explicitness, "LogisticRegression", partial(LogisticRegression, max_iter=1))
    monkeypatch.setattr(softmax_regression, "_ITERATIONS", 1)
    assert converged() == [False, False]


def test_the_explicitness_of_two_classes_is_that_of_a_plain_fit():
    random = np.random.default_rng(0)
    factor = random.integers(2, size=300)
    codes = factor[:, None] + random.normal(size=(300, 3))
    (reading,) = explicitness(codes[:200], codes[200:], factor[:200, None], factor[200:, None])
    theirs = LogisticRegression().fit(codes[:200], factor[:200])
    for found, part in ((reading.train, slice(200)), (reading.test, slice(200, None))):
        assert found == pytest.approx(roc_auc_score(factor[part], theirs.decision_function(codes[part])), rel=1e-9)
