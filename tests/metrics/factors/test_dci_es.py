import numpy as np
import pytest
from factor_tables import all_of, labelled, mixed_table, score
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from disentangle_eval.config import build
from disentangle_eval.data import FactorSpace
from disentangle_eval.errors import UsageError
from disentangle_eval.latents import Categorical, Continuous
from disentangle_eval.metrics.code_arrays import code_table
from disentangle_eval.metrics.factors.config import DCIESConfig
from disentangle_eval.metrics.factors.dci_es import explicitness
from disentangle_eval.metrics.subject import CodeTable
from disentangle_eval.runtime.draws import stream_seed

SHORT = {"trees": 10, "depths": (1, 2, 4)}


def test_explicitness_is_1_for_a_flat_curve_and_0_for_a_fall_on_a_line():
    depths = np.array([1, 2, 4, 8])
    assert explicitness(depths, np.full(4, 0.3), 1.0) == 1
    assert explicitness(depths, (8 - depths) / 7 * 0.8, 0.8) == pytest.approx(0)


def test_explicitness_equals_the_authors_code():
    losses = np.array([0.9, 0.5, 0.6, 0.3, 0.35, 0.2])
    # The area by hand: the curve is .9 .5 .5 .3 .3 .2 over 1 2 3 4 8 32, less its end, .2.
    area = 0.5 * (0.7 + 0.3) + 0.3 + 0.5 * (0.3 + 0.1) + 0.1 * 4 + 0.5 * 0.1 * 24
    assert explicitness(np.array([1, 2, 3, 4, 8, 32]), losses, 0.8) == pytest.approx(1 - 2 * area / (31 * 0.8))


def test_losses_are_those_of_scikit_learn_s_forests():
    subject = mixed_table()
    codes, factors = all_of(subject)
    values = score("dci-es", subject, seed=3, **SHORT, categorical=("a",)).values
    order = np.random.default_rng(3).permutation(600)
    x, y, x_test, y_test = codes[order[:400]], factors[order[:400]], codes[order[400:]], factors[order[400:]]
    for factor, kind in enumerate([RandomForestClassifier, RandomForestRegressor, RandomForestRegressor]):
        random = stream_seed(3, "forests", factor) % 2**32
        for depth, loss in zip(SHORT["depths"], values["losses"][factor], strict=True):
            forest = kind(n_estimators=10, max_depth=depth, random_state=random).fit(x, y[:, factor])
            assert loss == pytest.approx(1 - forest.score(x_test, y_test[:, factor]))
    baselines = [0.5, 1, 1]
    expected = [
        explicitness(np.array([1, 2, 4]), np.array(row), b) for row, b in zip(values["losses"], baselines, strict=True)
    ]
    assert values["factor_explicitness"] == pytest.approx(expected)
    assert values["size"] == 3 / 5


def test_a_perfect_code_is_disentangled_and_deep_where_its_factors_have_many_values():
    factors = np.random.default_rng(0).integers((2, 8), size=(1000, 2))
    code = (Continuous(), Categorical(8), Continuous())
    codes = np.column_stack([factors, np.full(1000, 0.1)]).astype(float)
    values = score("dci-es", labelled(codes, factors, code=code), **SHORT, categorical=("a",)).values
    assert values["disentanglement"] == pytest.approx(1, abs=0.05)
    assert values["completeness"] == pytest.approx(1, abs=0.05)
    assert values["informativeness"] > 0.85
    assert values["factor_explicitness"][0] == 1 > values["factor_explicitness"][1]


@pytest.mark.parametrize(("unit", "offset"), [(1e-9, 0), (1, 1e10)])
def test_the_units_of_a_factor_make_no_difference(unit, offset):
    factors = np.random.default_rng(0).integers(4, size=(300, 2))
    names = {"factor_names": np.array(["x", "y"])}
    plain, other = (
        score("dci-es", code_table({"codes": factors, "factors": values, **names}), **SHORT).values
        for values in (factors, offset + unit * factors)
    )
    assert plain["informativeness"] > 0.9
    assert other["informativeness"] == pytest.approx(plain["informativeness"], abs=1e-3)
    assert other["value"] == pytest.approx(plain["value"], abs=1e-3)


def test_no_chance_level_is_given_where_forests_know_the_fresh_images():
    """Noise on a grid of 120 images, each of which is drawn many times: its forests learn more the deeper they are."""
    grid = FactorSpace(("a", "b", "c"), (5, 6, 4))
    table = CodeTable(np.random.default_rng(0).normal(size=(120, 3)), grid)
    scores = score("dci-es", table, trees=5, depths=(1, 4, 12), num_train=1_000, num_test=500)
    assert scores.values["value"] < 0.5
    assert scores.chance is None


def test_an_uninformative_code_scores_chance_which_is_1():
    factors = np.random.default_rng(0).integers(4, size=(1000, 2))
    for codes in (np.random.default_rng(1).normal(size=(1000, 4)), np.full((1000, 2), 0.1)):
        scores = score("dci-es", labelled(codes, factors), **SHORT)
        assert scores.chance == 1
        assert scores.values["value"] > 0.95
        assert scores.values["informativeness"] < 0.05


def test_depths_ascend():
    with pytest.raises(UsageError, match="depths"):
        build(DCIESConfig, {"depths": (2, 1)})
    assert build(DCIESConfig, {"depths": "1,2", "categorical": "a,b"}).categorical == ("a", "b")
