import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression as PlainLogisticRegression
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import KFold

from disentangle_eval.config import build
from disentangle_eval.data.factor_table import table_of_values
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.errors import UsageError
from disentangle_eval.latents import Categorical
from disentangle_eval.metrics.factors.config import DownstreamConfig
from disentangle_eval.metrics.factors.downstream import DownstreamMetric
from disentangle_eval.metrics.factors.predictors import (
    LogisticRegression,
    OneVsRestLogisticRegression,
    majority_accuracies,
)
from disentangle_eval.metrics.subject import CodeTable
from disentangle_eval.metrics.toolbox.votes import ReferenceStream

PROTOCOLS = list(DownstreamConfig.protocols)
SMALL = {"train_sizes": (10, 300), "num_test": 200, "stages": 10, "strengths": 4}


def score(subject, protocol, seed=0, **settings):
    cfg = build(DownstreamConfig, {**DownstreamConfig.protocols[protocol], **SMALL, **settings})
    return DownstreamMetric(cfg).score(subject, seed)


@pytest.fixture
def one_hot(space, classes):
    """A code that a linear model reads every factor off."""
    return CodeTable(classes.astype(float), space, tuple(Categorical(size) for size in space.sizes))


def test_a_logistic_regression_is_fitted_as_the_reference_does_it(space, classes):
    codes = classes + np.random.default_rng(0).normal(size=classes.shape)
    stream = ReferenceStream(space, 3)
    expected = []
    for size in (10, 300):
        train, test = stream.batches(size), stream.batches(200)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            right = [
                LogisticRegressionCV(Cs=4, cv=KFold(5), scoring="accuracy")
                .fit(codes[train], y[train])
                .predict(codes[test])
                == y[test]
                for y in classes.T
            ]
        expected.append(np.mean(right, axis=1).tolist())
    values = score(CodeTable(codes, space), "logistic-regression", seed=3).values
    assert values["test_accuracy"] == expected
    few, many = np.mean(expected, axis=1)
    assert values["efficiency"] == pytest.approx([few / many, 1])
    assert many < 0.9


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_perfect_code_is_read_with_enough_images_and_less_well_with_few(one_hot, protocol):
    values = score(one_hot, protocol).values
    few, many = values["mean_test_accuracy"]
    assert values["value"] == many > 0.98
    assert few < many - 0.05
    assert values["efficiency"] == [few / many, 1]
    assert values["min_test_accuracy"] == np.min(values["test_accuracy"], axis=1).tolist()
    assert values["train_sizes"] == [10, 300]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_factor_that_is_constant_over_a_small_training_set_is_predicted_to_be_so(protocol):
    rare = np.zeros((400, 1), dtype=int)
    rare[::50] = 1
    values = score(
        CodeTable(rare.astype(float), table_of_values(rare, ("rare",))), protocol, train_sizes=(2, 200)
    ).values
    assert values["test_accuracy"][0] == [values["chance_accuracy"][0]]
    assert values["train_accuracy"][0] == [1]


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_folds_without_a_class_and_fewer_images_than_folds_are_no_error():
    x = np.arange(10.0)[:, None]
    for y in ([0] * 9 + [1], [0] * 8 + [1, 2], [3, 3, 3, 4]):
        found = LogisticRegression().fit(x[: len(y)], np.array(y)).predict(x)
        assert set(found) <= set(y)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_labelled_samples_share_a_test_set_and_give_what_they_have(classes, protocol):
    table = CodeTable(classes.astype(float), table_of_values(classes, ("shape", "scale", "x", "y")))
    values = score(table, protocol, train_sizes=(10, 100, 10_000), num_test=5_000, stages=2, strengths=2).values
    assert values["train_sizes"] == [10, 100, 240]
    assert len(values["test_accuracy"]) == 3


def test_majority_accuracies_count_the_most_frequent_training_class():
    train, test = np.array([[0, 2], [1, 2], [1, 0]]), np.array([[1, 1], [1, 2], [0, 2], [1, 0]])
    assert majority_accuracies(train, test).tolist() == [0.75, 0.5]


def test_training_sizes_are_typed_with_commas():
    assert build(DownstreamConfig, {"train_sizes": "10,100"}).train_sizes == (10, 100)
    with pytest.raises(UsageError, match="train_sizes"):
        build(DownstreamConfig, {"train_sizes": "1"})


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_one_vs_rest_chooses_the_penalty_of_each_class_by_its_own_folds():
    random = np.random.default_rng(0)
    y = random.integers(3, size=150)
    x = np.eye(3)[y] * [3.0, 1.0, 0.3] + random.normal(size=(150, 3))
    logits = []
    for k in range(3):
        strengths, parts = np.logspace(-4, 4, 5), np.array_split(np.arange(150), 5)

        def accuracy(c, part, k=k):
            rest = np.setdiff1d(np.arange(150), part)
            return PlainLogisticRegression(C=c).fit(x[rest], y[rest] == k).score(x[part], y[part] == k)

        accuracies = [np.mean([accuracy(c, part) for part in parts]) for c in strengths]
        best = PlainLogisticRegression(C=strengths[np.argmax(accuracies)]).fit(x, y == k)
        logits.append(best.decision_function(x))
    found = OneVsRestLogisticRegression(strengths=5).fit(x, y).predict(x)
    np.testing.assert_array_equal(found, np.argmax(logits, axis=0))
    assert set(OneVsRestLogisticRegression().fit(x[:4], np.full(4, 2)).predict(x)) == {2}


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_one_vs_rest_of_two_classes_predicts_either():
    y = np.where(np.arange(40) % 2, 7, 4)
    np.testing.assert_array_equal(
        OneVsRestLogisticRegression(strengths=5).fit(y[:, None] * 1.0, y).predict([[4], [7]]), [4, 7]
    )


def test_the_chance_level_of_a_small_grid_is_that_of_a_predictor_that_remembers_images():
    space = FactorSpace(("a", "b", "c"), (3, 4, 5))
    noise = [CodeTable(np.random.default_rng(seed).normal(size=(60, 10)), space) for seed in range(4)]
    found = [score(table, "boosted-trees", train_sizes=(1000,)) for table in noise]
    chance, value = np.mean([(one.chance, one.values["value"]) for one in found], axis=0)
    assert chance == pytest.approx(value, abs=0.02)
    assert value > 0.8
