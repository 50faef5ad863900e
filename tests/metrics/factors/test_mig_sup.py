import numpy as np
import pytest
from factor_tables import all_of, entropy_of, information_of, labelled, mixed_table, score

from disentangle_eval.latents import Categorical


def test_it_is_the_mean_lead_of_a_dimension_s_best_factor():
    subject = mixed_table()
    codes, factors = all_of(subject)
    relative = information_of(codes, factors, 20) / [entropy_of(column) for column in factors.T]
    expected = [sorted(row)[-1] - sorted(row)[-2] for row in relative]
    values = score("mig-sup", subject).values
    assert values["gaps"] == pytest.approx(expected)
    assert values["value"] == pytest.approx(np.mean(expected))
    assert values["best_factors"] == [["a", "b", "c"][i] for i in relative.argmax(axis=1)]


def test_carbonneau_equals_the_review_s_code():
    assert score("mig-sup", mixed_table(), "carbonneau").values["value"] == pytest.approx(0.1590733061578202, abs=1e-12)


def test_a_perfect_code_scores_1_whatever_dimensions_have_collapsed():
    factors = np.random.default_rng(0).integers(4, size=(2000, 2))
    dead = [np.full(2000, 0.1), 0.05 * np.random.default_rng(1).normal(size=2000)]
    values = score("mig-sup", labelled(np.column_stack([factors, *dead]), factors)).values
    assert values["active_dims"] == [0, 1]
    assert values["value"] == pytest.approx(1, abs=0.01)


def test_an_uninformative_code_scores_chance_and_a_constant_one_0():
    factors = np.random.default_rng(0).integers(8, size=(500, 3))
    noise = score("mig-sup", labelled(np.random.default_rng(1).normal(size=(500, 6)), factors))
    assert noise.values["value"] == pytest.approx(noise.chance, abs=0.01)
    constant = score("mig-sup", labelled(np.full((500, 2), 0.1), factors))
    assert constant.values["value"] == constant.chance == 0
    assert constant.values["gaps"] == constant.values["active_dims"] == []


def test_the_best_factor_of_a_dimension_is_the_one_it_knows_most_of_relative_to_its_entropy():
    random = np.random.default_rng(0)
    factors = np.column_stack([random.integers(2, size=4000), random.integers(16, size=4000)])
    # All of one bit, and one bit more of four.
    codes = (factors[:, :1] + 2 * (factors[:, 1:] > 7)).astype(float)
    values = score("mig-sup", labelled(codes, factors)).values
    ((first, second),) = values["mutual_information"]
    assert first == pytest.approx(second, abs=0.01)
    assert values["best_factors"] == ["a"]
    assert values["gaps"] == [pytest.approx(1 - 1 / 4, abs=0.01)]


def test_a_dimension_is_left_out_up_to_the_threshold_on_its_unbiased_variance():
    factors = np.array([[0], [1], [0], [1]])
    subject = labelled(np.column_stack([factors, 2 * factors]).astype(float), np.hstack([factors, factors[::-1]]))
    # Of 0, 1, 0, 1 it is a third, and of twice that four thirds.
    assert score("mig-sup", subject, threshold=0.34).values["active_dims"] == [1]
    assert score("mig-sup", subject, threshold=0.33).values["active_dims"] == [0, 1]


def test_the_names_of_classes_do_not_decide_whether_a_column_takes_part():
    factors = np.random.default_rng(0).integers(2, size=(2000, 2))
    rare = np.where(np.arange(2000) % 250, 0, 1)
    table = [
        labelled(np.column_stack([factors[:, 0], name * rare]), factors, code=(Categorical(2), Categorical(10)))
        for name in (1, 9)
    ]
    assert [score("mig-sup", one).values["active_dims"] for one in table] == [[0], [0]]
