import numpy as np
import pytest
from factor_tables import all_of, labelled, mixed_table, score
from sklearn.linear_model import Lasso


def impurity(r):
    """The authors' entropic score of each column, number by number."""
    scores = []
    for column in r.T:
        share = [x / sum(column) for x in column]
        scores.append(1 + sum(p * np.log(p) for p in share if p > 0) / np.log(len(share)))
    return np.array(scores)


def test_lasso_is_the_published_computation():
    subject = mixed_table()
    codes, factors = all_of(subject)
    order = np.random.default_rng(3).permutation(600)
    train, test = order[:400], order[400:]
    x = (codes - codes[train].mean(axis=0)) / codes[train].std(axis=0)
    y = (factors - factors[train].mean(axis=0)) / factors[train].std(axis=0)
    fits = [Lasso(alpha=0.02).fit(x[train], column[train]) for column in y.T]
    r = np.abs(np.stack([fit.coef_ for fit in fits], axis=1))
    values = score("dci-regression", subject, seed=3).values
    np.testing.assert_allclose(values["importance"], r, atol=1e-12)
    used = r.sum(axis=1) > 0
    disentanglement = impurity(r[used].T) @ r[used].sum(axis=1) / r.sum()
    assert values["disentanglement"] == pytest.approx(disentanglement, abs=1e-9)
    assert values["completeness"] == pytest.approx(impurity(r).mean(), abs=1e-9)
    errors = [
        np.sqrt(np.mean((fit.predict(x[test]) - column[test]) ** 2)) / column[test].std()
        for fit, column in zip(fits, y.T, strict=True)
    ]
    assert values["error"] == pytest.approx(errors)
    assert values["r2_test"] == pytest.approx(1 - np.square(errors))


@pytest.mark.parametrize("protocol", ["lasso", "random-forest"])
def test_a_perfect_code_of_real_factors_scores_1_and_noise_scores_chance(protocol):
    random = np.random.default_rng(0)
    values = random.normal(size=(600, 3))
    classes = (values > 0).astype(int)
    codes = np.column_stack([values * [1e6, -1.0, 1e-6], np.full(600, 0.1)])
    perfect = score("dci-regression", labelled(codes, classes, values), protocol)
    assert perfect.values["value"] == pytest.approx(1, abs=0.05)
    assert perfect.values["completeness"] == pytest.approx(1, abs=0.05)
    assert perfect.values["informativeness_test"] > 0.95
    assert perfect.values["importance"][3] == [0, 0, 0]
    noise = score("dci-regression", labelled(random.normal(size=(600, 3)), classes, values), protocol)
    assert noise.values["informativeness_test"] < 0.05
    # Of so few images the penalty lets some weights pass, each to one factor alone.
    assert noise.values["value"] == pytest.approx(noise.chance, abs=0.4 if protocol == "lasso" else 0.1)


def test_a_constant_code_scores_0():
    factors = np.random.default_rng(0).integers(4, size=(300, 2))
    constant = score("dci-regression", labelled(np.full((300, 3), 0.1), factors))
    found = [constant.values["value"], constant.values["completeness"], constant.chance]
    assert found == pytest.approx([0, 0, 0])
