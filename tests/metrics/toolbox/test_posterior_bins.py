"""RMIG and JEMMIG, whose codes are what a posterior puts into bins."""

import math

import numpy as np
import pytest
import torch
from factor_tables import all_of, entropy_of, information_of, labelled, mixed_table, score
from gaussian_models import LinearGaussian, VectorData, orthogonal

from disentangle_eval.data.factor_table import FactorTable
from disentangle_eval.latents import Categorical
from disentangle_eval.metrics.subject import CodeTable, EncodedSubject

DEVIATIONS = np.tile([0.5, 0.3, 1e-6, 0.9, 1.2], (600, 1))


def spread_table():
    """The mixed table, centred, with posteriors about it and two classes per factor."""
    codes, factors = all_of(mixed_table())
    halves = np.stack([factors[:, 0], factors[:, 1] > 1, factors[:, 2] > 2], axis=1).astype(np.int64)
    return CodeTable(
        codes - codes.mean(axis=0), FactorTable(("a", "b", "c"), halves), log_variance=2 * np.log(DEVIATIONS)
    )


def direct(subject, bins=100, limit=4.0):
    """Mutual information and joint entropy (K, F) in nats, image by image and bin by bin."""
    codes, factors = all_of(subject)
    width = 2 * limit / bins
    information, joint = (np.zeros((codes.shape[1], factors.shape[1])) for _ in range(2))
    for j in range(codes.shape[1]):
        for k in range(factors.shape[1]):
            table = np.zeros((bins, factors[:, k].max() + 1))
            for mean, deviation, factor in zip(codes[:, j], DEVIATIONS[:, j], factors[:, k], strict=True):
                deviation = max(deviation, 1e-4)
                centres = [-limit + (b + 0.5) * width for b in range(bins)]
                mass = [math.exp(-((c - mean) ** 2) / (2 * deviation**2)) / deviation for c in centres]
                if max(mass) / math.sqrt(2 * math.pi) < 1e-5:
                    mass = [0.0] * bins
                    mass[min(bins - 1, max(0, math.floor((mean + limit) / width)))] = 1.0
                table[:, factor] += np.array(mass) / sum(mass) / len(codes)
            p, q = table.sum(axis=1), table.sum(axis=0)
            cells = [(a, b) for a in range(bins) for b in range(len(q)) if table[a, b] > 0]
            information[j, k] = sum(table[a, b] * math.log(table[a, b] / p[a] / q[b]) for a, b in cells)
            joint[j, k] = -sum(table[a, b] * math.log(table[a, b]) for a, b in cells)
    return information, joint


def test_both_are_what_posteriors_put_into_bins():
    subject = spread_table()
    information, joint = direct(subject)
    rmig, jemmig = score("rmig", subject).values, score("jemmig", subject).values
    assert rmig["posterior"]
    assert jemmig["posterior"]
    np.testing.assert_allclose(rmig["mutual_information"], information, atol=1e-6)
    np.testing.assert_allclose(jemmig["joint_entropy"], joint, atol=1e-6)
    for factor, name in enumerate(["a", "b", "c"]):
        second, best = sorted(information[:, factor])[-2:]
        entropy = entropy_of(all_of(subject)[1][:, factor])
        assert rmig["gaps"][factor] == pytest.approx((best - second) / entropy, abs=1e-6)
        nats = joint[information[:, factor].argmax(), factor] - best + second
        assert jemmig["jemmig"][factor] == pytest.approx(nats, abs=1e-5)
        assert jemmig["normalised_jemmig"][factor] == pytest.approx(nats / (entropy + math.log(100)), abs=1e-5)
        assert jemmig["factors"][factor] == name


def test_do_tran_equals_the_authors_code():
    assert score("rmig", spread_table()).values["value"] == pytest.approx(0.5296812, abs=1e-6)
    assert score("jemmig", spread_table()).values["value"] == pytest.approx(0.24287302, abs=1e-6)


def test_histograms_of_jemmig_are_those_of_counting_and_of_the_review_s_code():
    subject = mixed_table()
    codes, factors = all_of(subject)
    information = information_of(codes, factors, 20)
    values = score("jemmig", subject, "histogram").values
    for factor, column in enumerate(information.T):
        best = int(column.argmax())
        joint = values["code_entropy"][best] + entropy_of(factors[:, factor]) - column[best]
        assert values["jemmig"][factor] == pytest.approx(joint - column[best] + sorted(column)[-2])
    reviewed = score("jemmig", subject, "carbonneau").values["value"]
    assert reviewed == pytest.approx(0.4038185934769854, abs=1e-12)


def test_a_model_s_posterior_takes_part_and_a_wide_one_knows_little():
    rows = torch.from_numpy(np.random.default_rng(0).integers(3, size=(900, 2))).float() - 1
    data = VectorData(rows)
    data.factors = FactorTable(("a", "b"), (rows + 1).numpy().astype(np.int64))
    narrow, wide = (
        LinearGaussian(orthogonal(2, [1.0, 1.0]), 1.0, torch.eye(2), torch.tensor([0.01, spread]))
        for spread in (0.01, 1)
    )
    sharp, blurred = (score("rmig", EncodedSubject(model, data)).values for model in (narrow, wide))
    assert sharp["posterior"]
    assert sharp["value"] == pytest.approx(1, abs=0.01)
    assert blurred["gaps"][0] == pytest.approx(1, abs=0.01)
    assert blurred["gaps"][1] < 0.5


def test_a_posterior_whose_mean_is_not_the_code_takes_no_part():
    rows = torch.from_numpy(np.random.default_rng(0).integers(3, size=(300, 2))).float() - 1
    data = VectorData(rows)
    data.factors = FactorTable(("a", "b"), (rows + 1).numpy().astype(np.int64))
    model = LinearGaussian(orthogonal(2, [1.0, 1.0]), 1.0, torch.eye(2), torch.tensor([0.1, 0.1]))
    encode = model.encode
    model.posterior = lambda x: torch.distributions.Normal(encode(x), 0.1)
    assert score("rmig", EncodedSubject(model, data)).values["posterior"]
    model.encode = lambda x: 1.01 * encode(x)
    assert not score("rmig", EncodedSubject(model, data)).values["posterior"]


def test_without_a_posterior_codes_are_points_and_classes_stay_classes():
    factors = np.random.default_rng(0).integers(3, size=(900, 2))
    codes = np.column_stack([factors[:, 0] * 9.0 - 9, factors[:, 1]])
    subject = labelled(codes, factors, code=(*CodeTable(codes[:, :1]).code, Categorical(3)))
    values = score("rmig", subject).values
    assert not values["posterior"]
    assert values["value"] == pytest.approx(1, abs=0.01)
    assert score("jemmig", subject).values["normalised_jemmig"][1] == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("name", ["rmig", "jemmig"])
def test_an_uninformative_code_scores_chance_and_a_constant_one_too(name):
    factors = np.random.default_rng(0).integers(4, size=(500, 3))
    for codes in (np.random.default_rng(1).normal(size=(500, 6)), np.full((500, 2), 0.1)):
        scores = score(name, labelled(codes, factors))
        assert scores.values["value"] == pytest.approx(scores.chance, abs=0.02)


@pytest.mark.parametrize("log_variance", [12.0, 21.0, 22.0, 40.0])
def test_a_wide_posterior_has_no_information_however_wide_it_is(log_variance):
    codes, factors = all_of(spread_table())
    wide = CodeTable(codes, FactorTable(("a", "b", "c"), factors), log_variance=np.full(codes.shape, log_variance))
    assert score("rmig", wide).values["value"] == pytest.approx(0, abs=1e-6)
    assert score("jemmig", wide).values["value"] == pytest.approx(0, abs=1e-6)
