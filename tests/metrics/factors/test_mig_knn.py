import numpy as np
import pytest
from factor_tables import all_of, entropy_of, labelled, mixed_table, score
from sklearn.feature_selection import mutual_info_classif, mutual_info_regression

from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.latents import Categorical, Continuous
from disentangle_eval.metrics.subject import CodeTable


def lead(information):
    return [sorted(column)[-1] - sorted(column)[-2] for column in np.transpose(information)]


def test_ross_is_the_relative_gap_of_scikit_learn_s_information():
    subject = mixed_table()
    codes, factors = all_of(subject)
    information = [mutual_info_classif(codes, column, random_state=0) for column in factors.T]
    values = score("mig-knn", subject).values
    np.testing.assert_allclose(values["mutual_information"], np.transpose(information), atol=1e-12)
    expected = np.array(lead(np.transpose(information))) / [entropy_of(column) for column in factors.T]
    assert values["gaps"] == pytest.approx(expected)
    assert values["value"] == pytest.approx(0.5650442368140397)


def test_kraskov_reads_the_values_of_the_factors_and_reports_nats():
    random = np.random.default_rng(0)
    values = random.normal(size=(500, 2))
    codes = values @ np.array([[1.0, 0.2], [0.1, -1.0]]) + 0.3 * random.normal(size=(500, 2))
    subject = labelled(codes, (values > 0).astype(int), values)
    information = [mutual_info_regression(codes, column, random_state=0) for column in values.T]
    scores = score("mig-knn", subject, "kraskov")
    assert scores.values["value"] == pytest.approx(np.mean(lead(np.transpose(information))))
    assert scores.values["entropy"] is None
    assert scores.chance < 0.05 < scores.values["value"]


def test_dead_dimensions_know_nothing_and_columns_of_classes_are_counted():
    factors = np.random.default_rng(0).integers(4, size=(2000, 2))
    codes = np.column_stack([np.full(2000, 0.1), 3 - factors[:, 0], factors[:, 1]]).astype(float)
    subject = labelled(codes, factors, code=(Continuous(), Categorical(4), Continuous()))
    values = score("mig-knn", subject).values
    assert values["mutual_information"][0] == [0, 0]
    assert values["mutual_information"][1][0] == pytest.approx(values["entropy"][0])
    assert values["value"] == pytest.approx(1, abs=0.02)
    values = score("mig-knn", subject, "kraskov").values
    assert values["mutual_information"][0] == [0, 0]


def test_an_uninformative_code_scores_chance():
    factors = np.random.default_rng(0).integers(4, size=(1000, 3))
    scores = score("mig-knn", labelled(np.random.default_rng(1).normal(size=(1000, 5)), factors))
    assert scores.values["value"] == pytest.approx(scores.chance, abs=0.02)


@pytest.mark.parametrize(("name", "protocol"), [("mig-knn", "ross"), ("infomec", "hsu")])
def test_a_grid_scores_what_its_images_score_as_a_table(name, protocol):
    space = FactorSpace(("a", "b", "c"), (10, 10, 10))
    classes = space.classes(np.arange(len(space)))
    codes = classes + 0.05 * np.random.default_rng(0).normal(size=classes.shape)
    grid, table = (score(name, table, protocol) for table in (CodeTable(codes, space), labelled(codes, classes)))
    assert grid.values["value"] == table.values["value"] == pytest.approx(1, abs=0.01)
    assert grid.counts == {"num_train": 1000}
