import json

import numpy as np
import pytest
from factor_tables import all_of, entropy_of, labelled, mixed_table, score
from sklearn.feature_selection import mutual_info_classif
from sklearn.linear_model import LogisticRegression

from disentangle_eval.latents import Categorical


def test_it_equals_the_authors_code():
    values = score("infomec", mixed_table()).values
    assert values["modularity"] == pytest.approx(0.8575817406919012, abs=1e-9)
    assert values["compactness"] == pytest.approx(0.8193361415026437, abs=1e-9)
    assert values["explicitness"] == pytest.approx(0.8106087791383384, abs=1e-6)


def test_modularity_and_compactness_are_shares_of_normalised_information():
    subject = mixed_table()
    codes, factors = all_of(subject)
    information = [
        mutual_info_classif(codes, column, n_neighbors=10, random_state=0) / entropy_of(column) for column in factors.T
    ]
    values = score("infomec", subject).values
    np.testing.assert_allclose(values["normalised_information"], np.transpose(information), atol=1e-12)
    share = [max(row) / sum(row) for row in np.transpose(information)]
    assert values["modularity"] == pytest.approx((np.mean(share) - 1 / 3) / (1 - 1 / 3))
    share = [max(row) / sum(row) for row in information]
    assert values["compactness"] == pytest.approx((np.mean(share) - 1 / 5) / (1 - 1 / 5))


def test_explicitness_is_the_cross_entropy_saved_over_a_guess():
    subject = mixed_table()
    codes, factors = all_of(subject)
    x = (codes - codes.mean(axis=0)) / codes.std(axis=0)
    for column, found in zip(factors.T, score("infomec", subject).values["factor_explicitness"], strict=True):
        fit = LogisticRegression(C=np.inf, class_weight="balanced", max_iter=1000, tol=1e-8).fit(x, column)
        nats = -np.log(fit.predict_proba(x)[np.arange(len(x)), column]).mean()
        assert found == pytest.approx(1 - nats / np.log(column.max() + 1), abs=1e-3)


def test_a_perfect_code_scores_1_with_dead_dimensions_next_to_it():
    factors = np.random.default_rng(0).integers(3, size=(2000, 3))
    random = np.random.default_rng(1)
    dead = np.column_stack([np.full(2000, 0.1), 0.01 * random.normal(size=2000)])
    codes = np.hstack([factors + 0.01 * random.normal(size=factors.shape), dead])
    values = score("infomec", labelled(codes, factors)).values
    assert values["active_dims"] == [0, 1, 2]
    assert values["modularity"] == pytest.approx(1, abs=0.05)
    assert values["compactness"] == pytest.approx(1, abs=0.05)
    assert values["explicitness"] == pytest.approx(1, abs=0.01)


def test_columns_of_classes_are_counted_and_active_unless_constant():
    factors = np.random.default_rng(0).integers(3, size=(900, 2))
    codes = np.column_stack([2 - factors[:, 0], np.zeros(900), factors[:, 1]]).astype(float)
    values = score("infomec", labelled(codes, factors, code=(Categorical(3),) * 3)).values
    assert values["active_dims"] == [0, 2]
    assert values["normalised_information"][0][0] == pytest.approx(1)
    assert values["explicitness"] == pytest.approx(1, abs=1e-3)


def test_a_constant_code_scores_0_and_a_single_factor_is_modular():
    factors = np.random.default_rng(0).integers(3, size=(300, 1))
    constant = score("infomec", labelled(np.full((300, 2), 0.1), factors))
    assert [constant.values[key] for key in ("value", "compactness", "explicitness")] == [0, 0, 0]
    assert constant.chance == 0
    json.dumps(constant.values, allow_nan=False)
    single = score("infomec", labelled(factors * 1.0, factors)).values
    assert (single["modularity"], single["compactness"]) == (1, 1)


def test_an_uninformative_code_scores_chance_which_is_far_above_0():
    factors = np.random.default_rng(0).integers(4, size=(1000, 3))
    scores = score("infomec", labelled(np.random.default_rng(1).normal(size=(1000, 8)), factors))
    assert scores.values["value"] == pytest.approx(scores.chance, abs=0.2)
    assert scores.chance > 0.3
    assert scores.values["explicitness"] < 0.05
