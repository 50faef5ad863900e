import numpy as np
import pytest
import torch
from sklearn.ensemble import GradientBoostingClassifier

from disentangle_eval.errors import DevalError
from disentangle_eval.metrics.factors.boosted_trees import BoostedTrees, SortedColumns, sort_columns, split_gains


def problem(n, classes, seed=0):
    """Features (n, 4), two of which decide the class in spite of noise, and as many fresh ones."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, 4))
    signal = x[:, 0] + 0.7 * x[:, 1] + 0.3 * random.normal(size=n)
    y = 10 * np.searchsorted(np.quantile(signal, np.arange(1, classes) / classes), signal)
    return x, y, random.normal(size=(n, 4))


@pytest.mark.parametrize("classes", [2, 3])
def test_trees_are_those_of_scikit_learn(classes):
    x, y, fresh = problem(400, classes)
    # Among equally good splits both choose at random: scikit-learn has several answers, and ours is one of them.
    ours = BoostedTrees(8).fit(sort_columns(x), y)
    answers = [GradientBoostingClassifier(n_estimators=8, random_state=seed).fit(x, y) for seed in range(8)]
    distances = [np.abs(ours.importances - answer.feature_importances_).max() for answer in answers]
    theirs = answers[int(np.argmin(distances))]
    assert min(distances) < 1e-9
    np.testing.assert_array_equal(ours.predict(x), theirs.predict(x))
    np.testing.assert_array_equal(ours.predict(fresh), theirs.predict(fresh))
    for stage, trees in enumerate(ours._trees):
        for k, root in enumerate(trees):
            tree = theirs.estimators_[stage, k].tree_
            assert (root.feature, root.threshold) == (tree.feature[0], tree.threshold[0])


@pytest.mark.parametrize("classes", [2, 3])
def test_a_hundred_stages_differ_no_more_than_scikit_learn_does_from_itself(classes):
    x, y, _ = problem(150, classes)
    ours = BoostedTrees().fit(sort_columns(np.round(2 * x)), y).importances
    theirs = [GradientBoostingClassifier(random_state=s).fit(np.round(2 * x), y).feature_importances_ for s in range(2)]
    np.testing.assert_allclose(ours, np.mean(theirs, axis=0), atol=0.02)


def test_the_best_split_is_that_of_trying_each_one():
    random = np.random.default_rng(0)
    columns = np.stack([random.normal(size=60), random.integers(4, size=60), np.ones(60)]).astype(np.float32)
    target = random.normal(size=60) + columns[1]
    centred = target - target.mean()
    order = columns.argsort(axis=1, kind="stable")
    gains, position = split_gains(SortedColumns(columns, order, 1 / np.arange(1, 61)), order, centred)
    for column, gain, place in zip(columns[:2], gains, position, strict=False):
        tried = {}
        for threshold in np.unique(column)[:-1]:
            left = column <= threshold
            parts = (target[left], target[~left])
            tried[int(left.sum()) - 1] = target.var() * 60 - sum(part.var() * len(part) for part in parts)
        assert gain == pytest.approx(max(tried.values()))
        assert place == max(tried, key=tried.get)
    assert gains[2] == -1


def test_the_number_of_threads_changes_nothing():
    x, y, fresh = problem(6000, 3)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = BoostedTrees(3).fit(sort_columns(x), y)
        torch.set_num_threads(2)
        together = BoostedTrees(3).fit(sort_columns(x), y)
    finally:
        torch.set_num_threads(threads)
    np.testing.assert_array_equal(alone.importances, together.importances)
    np.testing.assert_array_equal(alone.predict(fresh), together.predict(fresh))


@pytest.mark.parametrize("classes", [2, 3])
def test_rows_that_trees_were_fitted_to_are_predicted_without_a_second_pass(classes):
    x, y, _ = problem(300, classes)
    for codes in (x, y[:, None] + np.zeros((1, 2)), np.round(2 * x)):
        trees = BoostedTrees(5).fit(sort_columns(codes), y)
        np.testing.assert_array_equal(trees.fitted, trees.predict(codes))


def test_neighbours_in_float32_are_distinguished():
    # Half of the midpoints between such neighbours are, in float32, the upper one.
    place = np.arange(400) % 40
    x = (2 + place * np.spacing(np.float32(2))).astype(np.float32)[:, None]
    y = (place % 7 < 3).astype(int)
    expected = GradientBoostingClassifier(n_estimators=20).fit(x, y).predict(x)
    trees = BoostedTrees(20).fit(sort_columns(x), y)
    np.testing.assert_array_equal(trees.predict(x), expected)
    np.testing.assert_array_equal(trees.fitted, expected)


def test_trees_of_codes_that_are_the_factors_are_those_of_scikit_learn():
    factors = np.random.default_rng(0).integers([3, 6, 8], size=(400, 3))
    for y in (*factors.T, (factors[:, 1] > 2).astype(int)):
        ours = BoostedTrees(10).fit(sort_columns(factors), y)
        theirs = GradientBoostingClassifier(n_estimators=10).fit(factors, y)
        np.testing.assert_allclose(ours.importances, theirs.feature_importances_, atol=1e-9)
        np.testing.assert_array_equal(ours.fitted, theirs.predict(factors))


@pytest.mark.parametrize("classes", [2, 3])
def test_trees_with_a_dead_and_a_repeated_column_are_those_of_scikit_learn(classes):
    x, y, _ = problem(600, classes)
    wider = np.hstack([x, x[:, 1:2], np.full((600, 1), 0.1)])
    ours = BoostedTrees(4).fit(sort_columns(wider), y)
    # Which of two equal columns is split is left to chance, in both, so their importances are added.
    shares = [np.append(ours.importances[[0, 2, 3]], ours.importances[[1, 4]].sum())]
    for seed in range(4):
        theirs = GradientBoostingClassifier(n_estimators=4, random_state=seed).fit(wider, y)
        shares.append(np.append(theirs.feature_importances_[[0, 2, 3]], theirs.feature_importances_[[1, 4]].sum()))
        np.testing.assert_array_equal(ours.fitted, theirs.predict(wider))
    assert ours.importances[5] == 0
    np.testing.assert_allclose(shares[1:], shares[:1] * 4, atol=1e-9)


def test_equal_features_share_what_they_are_worth():
    x, y, _ = problem(200, 3)
    importances = BoostedTrees().fit(sort_columns(x[:, [0, 0]]), y).importances
    np.testing.assert_allclose(importances, 0.5, atol=0.15)


def test_one_class_is_always_predicted_and_constant_features_are_worth_nothing():
    alone = BoostedTrees().fit(sort_columns(np.eye(4)), np.full(4, 7))
    assert alone.predict(np.ones((3, 4))).tolist() == [7, 7, 7]
    assert alone.importances.tolist() == [0] * 4
    constant = BoostedTrees(5).fit(sort_columns(np.ones((5, 2))), np.array([1, 2, 2, 3, 2]))
    assert constant.predict(np.zeros((2, 2))).tolist() == [2, 2]
    assert constant.importances.tolist() == [0, 0]


def test_features_beyond_float32_are_refused():
    with pytest.raises(DevalError, match=r"received numbers up to 1e\+300"):
        BoostedTrees().fit(sort_columns(np.array([[1e300], [0.0]])), np.array([0, 1]))
