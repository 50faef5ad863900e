import numpy as np
import pytest
from pixel_models import GridData, PixelVAE

from disentangle_eval.config import build
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.errors import DevalError, DevalWarning
from disentangle_eval.latents import Categorical, Continuous, Prior, Uniform
from disentangle_eval.metrics.factors.config import FactorVAEConfig
from disentangle_eval.metrics.factors.factorvae import FactorVAEMetric, train_chance, vote_variances
from disentangle_eval.metrics.subject import CodeTable, EncodedSubject
from disentangle_eval.metrics.toolbox.votes import IndependentStream, ReferenceStream

PROTOCOLS = list(FactorVAEConfig.protocols)


def score(subject, protocol="dlib", seed=0, **settings):
    cfg = build(FactorVAEConfig, {**FactorVAEConfig.protocols[protocol], **settings})
    return FactorVAEMetric(cfg).score(subject, seed)


def test_dlib_equals_votes_counted_one_by_one_even_when_dimensions_tie(space, classes):
    noise = np.random.default_rng(1).normal(size=(len(space), 3))
    codes = np.hstack([classes, 3 * classes[:, :2] + 0.1, classes[:, :3] + 4 * noise]).astype(np.float32)
    random = np.random.RandomState(4)

    def batch(n):
        return np.stack([random.randint(size, size=n) for size in space.sizes], axis=1)

    def votes(count):
        counts = np.zeros((4, codes.shape[1]), dtype=int)
        for _ in range(count):
            factor = random.randint(4)
            images = batch(20)
            images[:, factor] = images[0, factor]
            variance = np.var(codes[space.index(images)], axis=0, ddof=1)
            counts[factor, np.argmin(variance / scale)] += 1
        return counts

    scale = np.var(codes[space.index(batch(500))], axis=0, ddof=1)
    train, fresh = votes(300), votes(200)
    factor_of = train.argmax(axis=0)
    right = [counts[factor_of, np.arange(codes.shape[1])].sum() / counts.sum() for counts in (train, fresh)]

    found = score(
        CodeTable(codes, space), seed=4, samples_per_vote=20, variance_samples=500, train_votes=300, eval_votes=200
    ).values
    assert found["votes"] == train.T.tolist()
    assert [found["train_accuracy"], found["eval_accuracy"]] == right


def test_a_code_read_in_chunks_has_the_variances_of_the_whole(space, monkeypatch):
    codes = np.random.default_rng(0).normal(size=(len(space), 3)).astype(np.float32)
    table = CodeTable(codes, space)
    index = ReferenceStream(space, 0).votes(50, 10).index
    monkeypatch.setattr("disentangle_eval.metrics.factors.factorvae._CHUNK", 100)
    np.testing.assert_array_equal(vote_variances(table, index), np.var(codes[index], axis=1, ddof=1))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_perfect_code_scores_1_and_its_dead_dimension_never_votes(space, classes, protocol):
    codes = np.hstack([classes * [1.0, -2.0, 0.5, 3.0], np.full((len(space), 1), 0.1)]).astype(np.float32)
    values = score(CodeTable(codes, space), protocol).values
    assert values["value"] == values["train_accuracy"] == values["eval_accuracy"] == 1
    assert values["active_dims"] == [0, 1, 2, 3]
    assert values["num_active_dims"] == 4
    votes = np.array(values["votes"])
    assert votes.shape == (5, 4)
    assert np.count_nonzero(votes) == np.count_nonzero(np.diag(votes[:4])) == 4
    assert values["factors"] == ["shape", "scale", "x", "y"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_code_that_knows_nothing_scores_chance(space, protocol):
    space = FactorSpace(space.names, (8, 8, 8, 8))
    codes = np.random.default_rng(0).normal(size=(len(space), 6))
    scores = score(CodeTable(codes, space), protocol)
    assert scores.values["value"] == pytest.approx(scores.chance, abs=0.05)
    assert scores.values["eval_accuracy"] == pytest.approx(0.25, abs=0.05)
    assert scores.chance == scores.values["eval_chance" if protocol in ("dlib", "labelled") else "train_chance"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_code_that_mixes_all_factors_evenly_scores_near_chance(space, classes, protocol):
    rotation = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2
    standard = (classes - classes.mean(axis=0)) / classes.std(axis=0)
    assert score(CodeTable(standard @ rotation, space), protocol).values["value"] < 0.5


def test_a_rotation_of_two_factors_costs_their_votes_alone(space, classes):
    standard = (classes - classes.mean(axis=0)) / classes.std(axis=0)
    turned = standard.copy()
    turned[:, 0], turned[:, 1] = standard[:, 0] + standard[:, 1], standard[:, 0] - standard[:, 1]
    assert score(CodeTable(turned, space)).values["value"] == pytest.approx(0.75, abs=0.03)


def test_each_protocol_prunes_by_its_own_rule(space, classes):
    codes = classes / np.std(classes, axis=0) * [1.0, 0.2, 0.1, 0.02]
    active = {protocol: score(CodeTable(codes, space), protocol).values["active_dims"] for protocol in PROTOCOLS}
    assert active == {
        "dlib": [0, 1, 2],
        "kim-mnih": [0, 1, 2],
        "ib-gan": [0],
        "infogan-cr": [0, 1, 2, 3],
        "labelled": [0, 1, 2],
    }


def test_kim_mnih_prunes_a_table_by_its_log_variance_and_warns_without(space, classes):
    # Like the means of a VAE's posteriors: the last dimension follows a factor and is lost in its variance.
    codes = classes / np.std(classes, axis=0) * [1.0, 1.0, 1.0, 0.01]
    log_variance = np.where(np.arange(4) == 3, 0.0, np.log(0.01)) + np.zeros_like(codes)
    values = score(CodeTable(codes, space, log_variance=log_variance), "kim-mnih").values
    assert (values["active_dims"], values["pruning"]) == ([0, 1, 2], "posterior KL < 0.01 nats")
    with pytest.warns(DevalWarning, match=r"no log_variance .* found by the variance of the codes alone"):
        values = score(CodeTable(codes, space), "kim-mnih").values
    assert values["active_dims"] == [0, 1, 2]
    with pytest.warns(DevalWarning, match=r"no log_variance .* cannot be found and take part"):
        values = score(CodeTable(100 * codes, space), "kim-mnih").values
    assert (values["active_dims"], values["pruning"]) == (
        [0, 1, 2, 3],
        "constant only: no normal posterior over the code",
    )


def test_kim_mnih_prunes_what_has_collapsed_to_the_prior(space):
    model = PixelVAE(4)
    model.collapsed = (1,)
    values = score(EncodedSubject(model, GridData(space)), "kim-mnih").values
    assert values["active_dims"] == [0, 2, 3]
    assert values["pruning"] == "posterior KL < 0.01 nats"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_without_an_active_dimension_score_and_chance_are_0_and_the_reason_is_given(space, classes, protocol):
    with pytest.warns(DevalWarning, match="no dimension is active.* the code is constant"):
        found = score(CodeTable(classes * 0, space), protocol)
    assert (found.values["value"], found.chance) == (0, 0)
    with pytest.warns(DevalWarning, match="no dimension is active.* --set prune=none keeps"):
        assert score(CodeTable(classes * 1e-3, space), "dlib").values["value"] == 0


def test_kim_mnih_keeps_all_where_the_prior_over_the_code_is_not_normal(space):
    model = PixelVAE(4)
    model.collapsed = (1,)
    model.prior = Prior((Uniform(4),))
    values = score(EncodedSubject(model, GridData(space)), "kim-mnih").values
    assert values["active_dims"] == [0, 1, 2, 3]
    assert values["pruning"] == "constant only: no normal posterior over the code"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_column_of_classes_in_any_order_stands_for_its_factor(space, classes, protocol):
    codes = classes.astype(float)
    codes[:, 3] = np.array([4, 0, 5, 2, 1, 3])[classes[:, 3]]
    code = (Continuous(), Continuous(), Continuous(), Categorical(6))
    assert score(CodeTable(codes, space, code), protocol).values["value"] == 1


@pytest.mark.parametrize(
    ("dims", "factors", "votes", "expected"),
    [(10, 5, 800, 0.260), (10, 6, 800, 0.227), (5, 5, 800, 0.242), (10, 5, 500, 0.276), (10, 5, 10_000, 0.217)],
)
def test_training_votes_have_a_chance_level_of_their_own(dims, factors, votes, expected):
    assert train_chance(np.full(dims, 1 / dims), factors, votes) == pytest.approx(expected, abs=0.001)


def test_factors_fixed_in_turn_leave_less_to_chance():
    assert train_chance(np.ones(1), 5, 500, in_turn=True) == 0.2
    wins, counts = np.array([0.7, 0.2, 0.1]), 100
    votes = np.random.default_rng(1).multinomial(counts, wins, size=(4000, 5))
    expected = votes.max(axis=1).sum(axis=1).mean() / 500
    assert train_chance(wins, 5, 500, in_turn=True) == pytest.approx(expected, abs=0.001)
    assert expected < train_chance(wins, 5, 500) - 0.005


def test_codes_too_large_for_a_variance_are_refused(space):
    codes = np.random.default_rng(0).normal(size=(len(space), 2)) * 1e30
    with pytest.raises(DevalError, match="too large to take variances of"):
        score(CodeTable(codes.astype(np.float32), space))


def test_the_chance_of_training_votes_is_that_of_a_permuted_code_whose_dimensions_do_not_win_equally_often():
    space = FactorSpace(tuple("abcdefgh"), (4,) * 8)
    codes = np.random.default_rng(0).normal(size=(len(space), 4))
    # A dimension with heavy tails varies little over most sets of images, and wins most votes.
    codes[:, 0] = codes[:, 0] ** 9
    code = codes / codes.std(axis=0)
    found = score(CodeTable(code, space), "kim-mnih", train_votes=400, threshold=0)
    permuted = [
        score(CodeTable(np.random.default_rng(seed).permutation(code), space), "kim-mnih", seed, train_votes=400)
        for seed in range(8)
    ]
    assert found.chance == pytest.approx(np.mean([one.values["value"] for one in permuted]), abs=0.02)
    assert found.chance < train_chance(np.full(4, 1 / 4), 8, 400) - 0.01


def test_infogan_cr_fixes_the_factors_in_turn_and_takes_the_scale_from_a_tenth_of_the_images(space, classes):
    votes = IndependentStream(space, 0, in_turn=True).votes(10, 5)
    assert votes.fixed.tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]
    codes = np.hstack([classes * [1.0, 1e-3, 1e-3, 1e-3], np.full((len(space), 1), 0.1)])
    values = score(CodeTable(codes, space), "infogan-cr").values
    assert values["value"] == 1
    assert values["active_dims"] == [0, 1, 2, 3]
    assert np.sum(values["votes"]) == 500
    # The size of the sample is a share here, and no number that was asked for.
    assert score(CodeTable(codes, space), "infogan-cr").counts == {"train_votes": 500, "eval_votes": 500}
    small = {"train_votes": 20, "eval_votes": 10, "variance_samples": 100}
    assert score(CodeTable(codes, space), "dlib", **small).counts == small
    assert np.sum(values["votes"], axis=0).tolist() == [125] * 4
