import numpy as np
import pytest
from factor_tables import all_of, labelled, mixed_table, score
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score

from disentangle_eval.latents import Categorical


def test_hsu_is_scored_on_the_images_fitted_to():
    subject = mixed_table()
    codes, factors = all_of(subject)
    predicted = LinearRegression().fit(codes, factors).predict(codes)
    values = score("r2", subject, "hsu").values
    assert values["r2"] == pytest.approx(r2_score(factors, predicted, multioutput="raw_values"))
    assert values["value"] == pytest.approx(0.8855207542549285, abs=1e-12)
    assert values["r2_train"] == values["r2"]


def test_zimmermann_is_scored_on_the_half_that_was_not_fitted_to():
    subject = mixed_table()
    codes, factors = all_of(subject)
    order = np.random.default_rng(3).permutation(600)
    codes, factors = codes[order], factors[order]
    predicted = LinearRegression().fit(codes[:300], factors[:300]).predict(codes[300:])
    assert score("r2", subject, seed=3).values["value"] == pytest.approx(r2_score(factors[300:], predicted))


def test_values_are_read_as_given_and_units_and_dead_dimensions_do_not_matter():
    random = np.random.default_rng(0)
    values = random.normal(size=(400, 2)) * [1e-6, 1e6]
    codes = np.column_stack([np.full(400, 0.1), values @ [[1e6, 1.0], [2e-6, 0.0]] * [1e-9, 1e9]])
    subject = labelled(codes, (values > 0).astype(int), values)
    assert score("r2", subject).values["value"] == pytest.approx(1, abs=1e-9)


def test_columns_of_classes_explain_the_means_of_their_classes():
    factors = np.random.default_rng(0).integers(4, size=(400, 1))
    codes = np.array([2, 0, 3, 1])[factors].astype(float)
    assert score("r2", labelled(codes, factors, code=(Categorical(4),))).values["value"] == pytest.approx(1)
    assert score("r2", labelled(codes, factors)).values["value"] < 0.9


@pytest.mark.parametrize("protocol", ["zimmermann", "hsu"])
def test_collinear_dimensions_do_not_matter(protocol):
    classes = np.stack(np.unravel_index(np.arange(60), (3, 4, 5)), axis=1)
    one_hot = tuple(map(Categorical, (3, 4, 5)))
    for seed in range(5):
        assert score("r2", labelled(classes, classes, code=one_hot), protocol, seed).values["value"] == pytest.approx(1)
        twice = labelled(np.hstack([classes, classes]).astype(float), classes)
        assert score("r2", twice, protocol, seed).values["value"] == pytest.approx(1)


def test_an_uninformative_code_scores_chance_and_a_constant_one_0():
    factors = np.random.default_rng(0).integers(4, size=(400, 3))
    for protocol in ("zimmermann", "hsu"):
        noise = score("r2", labelled(np.random.default_rng(1).normal(size=(400, 10)), factors), protocol)
        assert noise.values["value"] == pytest.approx(noise.chance, abs=0.03)
        constant = score("r2", labelled(np.full((400, 2), 0.1), factors), protocol)
        assert constant.values["value"] == pytest.approx(0, abs=0.02)
