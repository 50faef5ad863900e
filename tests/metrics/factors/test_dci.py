import json

import numpy as np
import pytest
from scipy.stats import entropy

from disentangle_eval.config import build
from disentangle_eval.data.factor_table import table_of_values
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.latents import Categorical, Continuous
from disentangle_eval.metrics.factors.config import DCIConfig
from disentangle_eval.metrics.factors.dci import DCIMetric, purity
from disentangle_eval.metrics.subject import CodeTable

SMALL = {"num_train": 400, "num_test": 200, "stages": 5}


def score(subject, seed=0, **settings):
    return DCIMetric(build(DCIConfig, {**DCIConfig.protocols["dlib"], **settings})).score(subject, seed)


def test_purity_is_one_minus_the_entropy_of_the_shares():
    importance = np.random.default_rng(0).random((4, 3))
    np.testing.assert_allclose(purity(importance), 1 - entropy(importance.T + 1e-11, base=3))
    np.testing.assert_allclose(purity(np.array([[0.0, 2.0], [1.0, 1.0], [0.0, 0.0]])), [1, 0, 0], atol=1e-9)
    assert purity(np.array([[0.3], [0.0]])).tolist() == [1, 0]


def test_a_perfect_code_scores_1_and_its_dead_dimension_counts_nothing(space, classes):
    codes = np.hstack([classes * [1.0, -2.0, 0.5, 3.0], np.full((len(space), 1), 0.1)])
    values = score(CodeTable(codes, space), **SMALL).values
    assert values["value"] == pytest.approx(1, abs=0.01)
    assert values["completeness"] == pytest.approx(1, abs=0.01)
    assert values["informativeness_test"] > 0.98
    assert np.argmax(values["importance"], axis=0).tolist() == [0, 1, 2, 3]
    assert values["importance"][4] == [0] * 4
    assert values["dimension_weight"][4] == values["dimension_disentanglement"][4] == 0


def test_a_code_that_knows_nothing_scores_near_0():
    random = np.random.default_rng(0)
    factors = table_of_values(random.integers([2, 3], size=(900, 2)), ("a", "b"))
    values = score(CodeTable(random.normal(size=(900, 4)), factors), num_train=600, num_test=300, stages=20).values
    assert values["value"] < 0.1
    assert values["completeness"] < 0.1
    assert values["informativeness_test"] == pytest.approx(values["informativeness_chance"], abs=0.06)


def test_a_code_of_dead_dimensions_alone_scores_0_and_predicts_by_frequency(space):
    values = score(CodeTable(np.full((len(space), 3), 0.1), space), **SMALL).values
    assert [values["value"], values["completeness"]] == pytest.approx([0, 0], abs=1e-12)
    assert values["informativeness_test"] == values["informativeness_chance"]
    assert values["dimension_weight"] == [1 / 3] * 3
    json.dumps(values, allow_nan=False)


def test_a_column_of_classes_in_any_order_is_one_dimension(space, classes):
    codes = classes.astype(float)
    codes[:, 3] = np.array([4, 0, 5, 2, 1, 3])[classes[:, 3]]
    code = (Continuous(), Continuous(), Continuous(), Categorical(6))
    values = score(CodeTable(codes, space, code), **SMALL).values
    assert np.shape(values["importance"]) == (4, 4)
    assert values["value"] == pytest.approx(1, abs=0.01)


def test_completeness_has_no_floor():
    space = FactorSpace(("a", "b"), (3, 3))
    codes = np.hstack([np.random.default_rng(0).normal(size=(9, 1)), np.zeros((9, 1))])
    assert score(CodeTable(codes, space), num_train=50, num_test=20, stages=2).values["completeness"] > 0.999


@pytest.mark.parametrize("unit", [1e-9, 1e75])
def test_units_and_offsets_have_no_effect_on_trees(space, classes, unit):
    values = score(CodeTable(unit * (classes + 1e4), space), **SMALL).values
    assert values["value"] == pytest.approx(1, abs=0.01)
    assert values["informativeness_test"] > 0.98
