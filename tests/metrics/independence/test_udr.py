import numpy as np
import pytest
from pixel_models import GridData, PixelVAE
from scipy.stats import spearmanr
from sklearn.linear_model import Lasso

from disentangle_eval.config import build
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.errors import UsageError
from disentangle_eval.latents import Categorical, Continuous
from disentangle_eval.metrics.code_arrays import code_table
from disentangle_eval.metrics.independence.config import UDRConfig
from disentangle_eval.metrics.independence.udr import UDRMetric
from disentangle_eval.metrics.subject import CodeTable, EncodedSubject

PROTOCOLS = list(UDRConfig.protocols)


def score(subject, peers, protocol="lasso", seed=0, **settings):
    cfg = build(UDRConfig, {**UDRConfig.protocols[protocol], **settings})
    subject.peers = peers
    return UDRMetric(cfg).score(subject, seed)


def related_codes(n, dims, peers):
    random = np.random.default_rng(0)
    z = random.normal(size=(n, dims[0]))
    return [z] + [z @ random.normal(size=(dims[0], d)) + 0.1 * random.normal(size=(n, d)) for d in dims[1 : peers + 1]]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_score_equals_the_formula_evaluated_pair_by_pair(protocol):
    own, *others = related_codes(300, (3, 4, 2, 3), 3)
    own, *others = ((codes - codes.mean(axis=0)) / codes.std(axis=0) for codes in (own, *others))

    def strength(a, b, i, j):
        if protocol == "spearman":
            return abs(spearmanr(a[:, i], b[:, j]).statistic)
        return abs(Lasso(alpha=0.1).fit(a, b[:, j]).coef_[i])

    expected = []
    for other in others:
        r = np.array([[strength(other, own, i, j) for j in range(3)] for i in range(other.shape[1])])
        by_row = [max(row) ** 2 / sum(row) if sum(row) else 0 for row in r]
        by_column = [max(column) ** 2 / sum(column) if sum(column) else 0 for column in r.T]
        expected.append((np.mean(by_row) + np.mean(by_column)) / 2)

    values = score(CodeTable(own), [CodeTable(other) for other in others], protocol).values
    np.testing.assert_allclose(values["pairwise"], expected)
    assert values["value"] == pytest.approx(sorted(expected)[1])


@pytest.mark.parametrize(("protocol", "perfect"), [("lasso", 0.9), ("spearman", 1.0)])
def test_order_sign_scale_and_dead_dimensions_make_no_difference(space, classes, protocol, perfect):
    space = FactorSpace(space.names, (8, 8, 8, 8))
    classes = space.classes(np.arange(len(space)))
    other = np.hstack([classes[:, [2, 0, 3, 1]] * [1.0, -5.0, 0.1, -1.0], np.full((len(space), 2), 0.1)])
    scores = score(CodeTable(classes.astype(float)), [CodeTable(other)], protocol, num_images=len(space))
    assert scores.values["value"] == pytest.approx(perfect, abs=1e-3)
    assert scores.values["informative_dims"] == [0, 1, 2, 3]
    assert scores.values["peer_informative_dims"] == [4]
    assert scores.chance < 0.05


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_unrelated_codes_score_chance(protocol):
    random = np.random.default_rng(0)
    own, *peers = (CodeTable(random.normal(size=(1000, 6))) for _ in range(4))
    scores = score(own, peers, protocol)
    assert scores.values["value"] == pytest.approx(scores.chance, abs=0.005)
    assert scores.chance == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_entangled_codes_score_less(protocol):
    random = np.random.default_rng(0)
    z = random.normal(size=(1000, 5))
    turned = [z @ np.linalg.qr(random.normal(size=(5, 5)))[0] for _ in range(3)]
    disentangled = [z[:, random.permutation(5)] for _ in range(3)]
    low, high = (
        score(CodeTable(own), [CodeTable(peer) for peer in peers], protocol).values["value"]
        for own, *peers in (turned, disentangled)
    )
    assert low < 0.6 < high


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_dimension_that_has_collapsed_to_the_prior_is_left_out(space, protocol):
    data = GridData(space)
    models = [PixelVAE(4), PixelVAE(4)]
    models[0].collapsed = (1,)
    own, peer = (EncodedSubject(model, data) for model in models)
    values = score(own, [peer], protocol, num_images=100).values
    assert values["informative_dims"] == [0, 2, 3]
    assert values["peer_informative_dims"] == [4]
    assert values["pruning"] == "posterior KL <= 0.01 nats"


@pytest.mark.parametrize(("protocol", "perfect"), [("lasso", 0.9), ("spearman", 1.0)])
def test_a_column_of_classes_is_one_dimension_whose_names_make_no_difference(protocol, perfect):
    random = np.random.default_rng(0)
    classes, number = random.integers(4, size=2000), random.normal(size=2000)
    own = CodeTable(np.stack([number, classes], axis=1), code=(Continuous(), Categorical(4)))
    renamed = np.array([2, 0, 3, 1])[classes]
    peer = CodeTable(np.stack([renamed, number], axis=1), code=(Categorical(4), Continuous()))
    value = score(own, [peer], protocol, num_images=2000).values["value"]
    assert value == pytest.approx(perfect, abs=0.06)


def test_the_seed_alone_decides_and_every_model_sees_the_same_images(space):
    data = GridData(space)

    def once(seed):
        models = [PixelVAE(4), PixelVAE(4)]
        own, peer = (EncodedSubject(model, data) for model in models)
        found = score(own, [peer], seed=seed, num_images=50)
        seen = [np.concatenate([images.flatten(1).numpy() for images in model.seen]) for model in models]
        np.testing.assert_array_equal(*(np.unique(images, axis=0) for images in seen))
        return found

    assert once(1) == once(1)
    assert once(1) != once(2)


def test_peers_on_other_images_are_refused(space):
    table = CodeTable(np.random.default_rng(0).normal(size=(len(space), 2)))
    with pytest.raises(UsageError, match="received no peers"):
        score(table, [])
    with pytest.raises(UsageError, match="received codes of 360 and of 10 images"):
        score(table, [CodeTable(np.ones((10, 2)))])
    one, other = (EncodedSubject(PixelVAE(4), GridData(space, name, name * 64)) for name in "ab")
    with pytest.raises(UsageError, match="on 'a' and on 'b'"):
        score(one, [other])


def test_rows_of_full_grids_in_other_orders_are_matched_by_their_factors_and_contradictory_ones_refused():
    factors = np.array([[a, b] for a in range(12) for b in range(10)])
    codes = factors + 0.2 * np.random.default_rng(0).normal(size=factors.shape)
    order = np.random.default_rng(1).permutation(len(codes))

    def table(rows, names=("a", "b"), columns=(0, 1)):
        of_rows = {"codes": codes[rows], "factors": factors[rows][:, columns], "factor_names": np.array(names)}
        return code_table(of_rows)

    rows = np.arange(len(codes))
    same = score(table(rows), [table(rows)]).values["value"]
    assert same == pytest.approx(0.9, abs=0.01)
    assert score(table(rows), [table(order)]).values["value"] == pytest.approx(same)
    assert score(table(rows), [table(order, ("b", "a"), (1, 0))]).values["value"] == pytest.approx(same)
    with pytest.raises(UsageError, match="tables whose factors contradict each other"):
        score(table(rows), [table(order, ("c", "d"))])
    with pytest.raises(UsageError, match="tables whose factors contradict each other"):
        score(table(rows[:-1]), [table(order[:-1])])
