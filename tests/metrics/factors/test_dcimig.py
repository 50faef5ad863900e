import numpy as np
import pytest
from factor_tables import all_of, entropy_of, information_of, labelled, mixed_table, score


def test_each_factor_counts_by_the_largest_gap_of_a_dimension_that_stands_for_it():
    subject = mixed_table()
    codes, factors = all_of(subject)
    best = [0.0] * 3
    for row in information_of(codes, factors, 20).tolist():
        factor = row.index(max(row))
        best[factor] = max(best[factor], sorted(row)[-1] - sorted(row)[-2])
    entropies = [entropy_of(column) for column in factors.T]
    values = score("dcimig", subject).values
    assert values["factor_scores"] == pytest.approx([gap / all_ for gap, all_ in zip(best, entropies, strict=True)])
    assert values["value"] == pytest.approx(sum(best) / sum(entropies))


def test_carbonneau_equals_the_review_s_code():
    assert score("dcimig", mixed_table(), "carbonneau").values["value"] == pytest.approx(0.4292029610438151, abs=1e-12)


def test_a_factor_held_twice_costs_nothing_and_one_that_is_nowhere_counts_0():
    factors = np.random.default_rng(0).integers(4, size=(2000, 2))
    twice = score("dcimig", labelled(np.column_stack([factors, -factors, np.ones(2000)]), factors)).values
    assert twice["value"] == pytest.approx(1, abs=0.01)
    lost = score("dcimig", labelled(factors[:, :1], factors)).values
    assert lost["factor_scores"] == pytest.approx([1, 0], abs=0.01)


def test_an_uninformative_code_scores_chance_and_a_constant_one_0():
    factors = np.random.default_rng(0).integers(8, size=(500, 3))
    noise = score("dcimig", labelled(np.random.default_rng(1).normal(size=(500, 6)), factors))
    assert noise.values["value"] == pytest.approx(noise.chance, abs=0.01)
    constant = score("dcimig", labelled(np.full((500, 2), 0.1), factors))
    assert constant.values["value"] == constant.chance == 0


def test_of_a_single_factor_all_that_a_dimension_knows_is_its_gap():
    factors = np.random.default_rng(0).integers(4, size=(500, 1))
    assert score("dcimig", labelled(factors * 1.0, factors)).values["value"] == pytest.approx(1)
