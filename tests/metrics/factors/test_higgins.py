import json

import numpy as np
import pytest
from pixel_models import GridData, PixelEncoder

from disentangle_eval.config import build
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.latents import Categorical, Continuous
from disentangle_eval.metrics.factors.config import FactorVAEConfig, HigginsConfig
from disentangle_eval.metrics.factors.factorvae import FactorVAEMetric
from disentangle_eval.metrics.factors.higgins import HigginsMetric, distinct, draw_points
from disentangle_eval.metrics.subject import CodeTable, EncodedSubject
from disentangle_eval.metrics.toolbox.votes import IndependentStream, ReferenceStream

PROTOCOLS = list(HigginsConfig.protocols)
FEW = {
    "kim-mnih": {"train_points": 5_000},
    "converged": {"train_points": 5_000},
}


def score(subject, protocol="dlib", seed=0, **settings):
    cfg = build(HigginsConfig, {**HigginsConfig.protocols[protocol], **FEW.get(protocol, {}), **settings})
    return HigginsMetric(cfg).score(subject, seed)


def test_dlib_points_equal_points_drawn_one_by_one(space, monkeypatch):
    wider = FactorSpace(("colour", *space.names), (1, *space.sizes))
    codes = np.random.default_rng(1).normal(size=(len(space), 3)).astype(np.float32)
    random = np.random.RandomState(4)

    def batch():
        return np.stack([random.randint(size, size=20) for size in space.sizes], axis=1)

    labels, points = [], []
    for _ in range(300):
        labels.append(random.randint(4))
        first, second = batch(), batch()
        second[:, labels[-1]] = first[:, labels[-1]]
        points.append(np.abs(codes[space.index(first)] - codes[space.index(second)]).mean(axis=0))

    monkeypatch.setattr("disentangle_eval.metrics.factors.higgins._CHUNK", 1000)
    (found,), told = draw_points([CodeTable(codes, wider)], ReferenceStream(wider, 4), 300, 20)
    np.testing.assert_array_equal(told, labels)
    np.testing.assert_array_equal(found, np.array(points, dtype=np.float64))


@pytest.mark.parametrize("images", [1000, 10_000])
def test_distinct_images_are_those_sorting_finds(images):
    index = np.random.default_rng(0).integers(images, size=(10, 2, 8))
    found, place = distinct(index, images)
    np.testing.assert_array_equal(found, np.unique(index))
    np.testing.assert_array_equal(found[place], index)


def test_a_model_scores_as_its_table_of_codes_does(space, classes):
    subject = EncodedSubject(PixelEncoder(4), GridData(space))
    assert score(subject) == score(CodeTable(classes.astype(np.float32), space))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_perfect_code_scores_1_with_dead_dimensions_and_a_constant_factor(space, classes, protocol):
    space = FactorSpace((*space.names, "colour"), (*space.sizes, 1))
    codes = np.hstack([classes * [1.0, -2.0, 0.5, 3.0], np.full((len(space), 1), 0.1)])
    scores = score(CodeTable(codes, space), protocol)
    assert scores.values["value"] == scores.values["train_accuracy"] == 1
    assert scores.values["factors"] == ["shape", "scale", "x", "y"]
    assert 0.25 < scores.chance < 0.6
    confusion = np.array(scores.values["factor_confusion"])
    assert confusion.sum() == np.trace(confusion) == (5_000 if protocol in ("dlib", "dlib-2019", "labelled") else 800)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_code_that_knows_nothing_scores_chance(space, protocol):
    space = FactorSpace(space.names, (8, 8, 8, 8))
    codes = np.random.default_rng(0).normal(size=(len(space), 6))
    scores = score(CodeTable(codes, space), protocol)
    assert scores.values["value"] == pytest.approx(scores.chance, abs=0.05)
    assert scores.values["train_loss"] == pytest.approx(np.log(4), abs=0.01)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_code_of_dead_dimensions_alone_scores_chance(space, protocol):
    scores = score(CodeTable(np.full((len(space), 3), 0.1, dtype=np.float32), space), protocol)
    assert scores.values["value"] == pytest.approx(0.25, abs=0.05)
    assert np.count_nonzero(np.array(scores.values["factor_confusion"]).sum(axis=0)) == 1
    json.dumps(scores.values, allow_nan=False)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_code_without_one_of_the_factors_fools_it_and_does_not_fool_factorvae(protocol):
    space = FactorSpace(("a", "b", "c", "d"), (8, 8, 8, 8))
    codes = space.classes(np.arange(len(space)))[:, :3]
    table = CodeTable(codes / codes.std(axis=0), space)
    assert score(table, protocol).values["value"] > 0.99
    cfg = FactorVAEConfig(**FactorVAEConfig.protocols["dlib"])
    assert FactorVAEMetric(cfg).score(table, 0).values["value"] == pytest.approx(0.75, abs=0.02)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_factor_no_dimension_holds_together_with_another_is_the_one_that_is_confused(space, classes, protocol):
    values = score(CodeTable(np.hstack([classes[:, :2], np.zeros((len(space), 1))]), space), protocol).values
    confusion = np.array(values["factor_confusion"])
    told = confusion.diagonal() / confusion.sum(axis=1)
    assert told[:2].min() > 0.99
    assert values["value"] == pytest.approx(0.75, abs=0.05)
    assert confusion[2:, :2].sum() <= 0.01 * confusion.sum()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_classes_in_a_column_differ_or_do_not(space, classes, protocol):
    order = np.array([4, 0, 5, 2, 1, 3])
    code = (*[Continuous()] * 3, Categorical(6))
    codes = classes.astype(float)
    renamed = np.hstack([codes[:, :3], order[classes[:, 3:]]])
    scores = score(CodeTable(codes, space, code), protocol)
    assert scores == score(CodeTable(renamed, space, code), protocol)
    assert scores.values["value"] == 1
    (points,), _ = draw_points([CodeTable(codes, space, code)], IndependentStream(space, 0), 50, 20)
    pairs = IndependentStream(space, 0).pairs(50, 20)
    y = classes[pairs.index, 3]
    np.testing.assert_allclose(points[:, 3], (y[:, 0] != y[:, 1]).mean(axis=1), rtol=1e-12)


def test_the_closed_protocol_depends_on_units_and_the_converged_one_does_not(space, classes):
    mixed = classes @ np.random.default_rng(1).normal(size=(4, 5))
    large, small = CodeTable(mixed, space), CodeTable(mixed * 0.01, space)
    assert score(large, "kim-mnih").values["value"] > score(small, "kim-mnih").values["value"] + 0.2
    assert score(large, "converged").values["factor_confusion"] == score(small, "converged").values["factor_confusion"]


def test_two_factors_are_distinguished_by_every_solver():
    space = FactorSpace(("a", "b"), (6, 7))
    table = CodeTable(space.classes(np.arange(len(space)))[:, :1], space)
    assert {protocol: score(table, protocol).values["value"] for protocol in PROTOCOLS} == dict.fromkeys(PROTOCOLS, 1.0)


def test_faults_are_named(space):
    table = CodeTable(np.random.default_rng(0).normal(size=(len(space), 2)), space)
    with pytest.raises(UsageError, match="train_points: received 2, of which none shares"):
        score(table, train_points=2)
    with pytest.raises(DevalError, match="not converged to 1e-08 after 1 iterations"):
        score(table, "converged", iterations=1)
    with pytest.raises(DevalError, match="too large to classify"):
        score(CodeTable((table.codes(np.arange(len(space))) * 1e38).clip(-3e38, 3e38).astype(np.float32), space))
    with pytest.raises(UsageError, match=r"factor sizes: received \(5, 1\), expected two factors"):
        score(CodeTable(np.zeros((5, 2)), FactorSpace(("a", "b"), (5, 1))))
