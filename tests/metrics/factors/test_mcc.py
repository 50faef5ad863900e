import itertools

import numpy as np
import pytest
from factor_tables import all_of, labelled, mixed_table, score
from scipy.stats import spearmanr

from disentangle_eval.latents import Categorical, Continuous


@pytest.mark.parametrize(("protocol", "golden"), [("pearson", 0.8815736415407626), ("spearman", 0.873005300278835)])
def test_it_is_the_best_mean_over_all_assignments(protocol, golden):
    subject = mixed_table()
    codes, factors = all_of(subject)
    of_pair = np.corrcoef if protocol == "pearson" else lambda a, b: np.array([[1, spearmanr(a, b)[0]]])
    matrix = [[abs(of_pair(a, b)[0, 1]) for b in factors.T] for a in codes.T]
    every = itertools.permutations(range(5), 3)
    best = max(np.mean([matrix[j][factor] for factor, j in enumerate(chosen)]) for chosen in every)
    values = score("mcc", subject, protocol).values
    np.testing.assert_allclose(values["correlation_matrix"], matrix, atol=1e-12)
    assert values["value"] == pytest.approx(best, abs=1e-12)
    # The authors' code, whose code has as many dimensions as factors.
    assert values["value"] == pytest.approx(golden, abs=1e-12)


def test_order_sign_scale_and_dead_dimensions_do_not_matter():
    factors = np.random.default_rng(0).integers(5, size=(500, 2))
    codes = np.column_stack([np.full(500, 0.1), 7 - 1e-9 * factors[:, 1], 1e150 * factors[:, 0]])
    values = score("mcc", labelled(codes, factors)).values
    assert values["assigned_dims"] == [2, 1]
    assert values["value"] == pytest.approx(1, abs=1e-5)


def test_a_dimension_serves_one_factor_alone():
    factors = np.random.default_rng(0).integers(5, size=(500, 2))
    values = score("mcc", labelled(factors.sum(axis=1, keepdims=True) * 1.0, factors)).values
    assert sorted(values["assigned_dims"], key=str) == [0, None]
    assert values["value"] == pytest.approx(max(values["correlations"]) / 2)


def test_monotone_maps_keep_spearman_and_values_are_read_as_given():
    random = np.random.default_rng(0)
    values = random.normal(size=(400, 2))
    subject = labelled(np.exp(3 * values), (values > 0).astype(int), values)
    assert score("mcc", subject, "spearman").values["value"] == pytest.approx(1)
    straight = labelled(-2 * values[:, ::-1], (values > 0).astype(int), values)
    assert score("mcc", straight).values["value"] == pytest.approx(1)


def test_of_a_column_of_classes_the_order_does_not_matter():
    factors = np.random.default_rng(0).integers(5, size=(500, 2))
    codes = np.column_stack([np.array([3, 0, 4, 1, 2])[factors[:, 0]], factors[:, 1]]).astype(float)
    subject = labelled(codes, factors, code=(Categorical(5), Continuous()))
    for protocol in ("pearson", "spearman"):
        assert score("mcc", subject, protocol).values["value"] == pytest.approx(1)


def test_an_uninformative_code_scores_chance():
    factors = np.random.default_rng(0).integers(8, size=(300, 3))
    scores = score("mcc", labelled(np.random.default_rng(1).normal(size=(300, 10)), factors))
    assert scores.values["value"] == pytest.approx(scores.chance, abs=0.03)
    constant = score("mcc", labelled(np.full((300, 3), 0.1), factors))
    assert constant.values["value"] == constant.chance == 0
