import warnings

import numpy as np
import pytest
from code_tables import load_code_table

from disentangle_eval.config import build
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.errors import DevalError, DevalWarning
from disentangle_eval.latents import Categorical, Continuous
from disentangle_eval.metrics.factors.config import IRSConfig
from disentangle_eval.metrics.factors.irs import IRSMetric
from disentangle_eval.metrics.subject import CodeTable
from disentangle_eval.metrics.toolbox.samples import draw_samples

PROTOCOLS = list(IRSConfig.protocols)


def score(subject, protocol="dlib", seed=0, **settings):
    cfg = build(IRSConfig, {**IRSConfig.protocols[protocol], **settings})
    return IRSMetric(cfg).score(subject, seed)


def test_dlib_equals_the_reference_but_for_its_count_of_dimensions(golden):
    table = load_code_table(golden.file)
    values = score(table, seed=golden.seed).values
    # Releases of NumPy round means of float32 differently.
    assert values["value"] == pytest.approx(golden.scores["irs"]["IRS"], rel=1e-5)
    everything = table.codes(np.arange(len(table)))
    assert values["num_active_dims"] == np.count_nonzero(np.ptp(everything, axis=0))


@pytest.mark.parametrize("quantile", [0.9, 1.0])
def test_a_score_equals_the_formula_evaluated_group_by_group(space, classes, quantile):
    codes = classes @ np.random.default_rng(0).normal(size=(4, 3))
    values = score(CodeTable(codes, space), num_images=200, quantile=quantile, bins=None).values

    (drawn,) = draw_samples(CodeTable(codes, space), 0, 200)
    largest = np.abs(drawn.codes - drawn.codes.mean(axis=0)).max(axis=0)
    left = np.zeros((3, 4))
    for factor, size in enumerate(space.sizes):
        for value in range(size):
            group = drawn.codes[drawn.factors[:, factor] == value]
            left[:, factor] += np.quantile(np.abs(group - group.mean(axis=0)), quantile, axis=0) / size
    robustness = 1 - left / largest[:, None]
    np.testing.assert_allclose(values["irs_matrix"], robustness)
    assert values["value"] == pytest.approx((robustness.max(axis=1) * largest).sum() / largest.sum())
    assert values["parents"] == [space.names[factor] for factor in robustness.argmax(axis=1)]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_perfect_code_scores_1_and_its_dead_dimension_takes_no_part(space, classes, protocol):
    codes = np.hstack([classes * [1.0, -2.0, 0.5, 3.0], np.full((len(space), 1), 0.1)])
    scores = score(CodeTable(codes, space), protocol)
    assert scores.values["value"] == pytest.approx(1)
    assert scores.values["active_dims"] == [0, 1, 2, 3]
    assert scores.values["num_active_dims"] == 4
    assert scores.values["parents"] == ["shape", "scale", "x", "y", None]
    assert scores.values["dimension_scores"][4] == 0
    assert scores.chance < 0.2


def test_dlib_puts_a_factor_of_many_classes_into_20_bins_of_equal_width():
    space = FactorSpace(("x", "y"), (40, 40))
    classes = space.classes(np.arange(len(space)))
    assert score(CodeTable(classes, space), bins=None).values["value"] == 1
    # Two neighbours share a bin, each half a class from its mean; the largest deviation is half of 39.
    assert score(CodeTable(classes, space)).values["value"] == pytest.approx(1 - 0.5 / 19.5, abs=0.002)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_column_of_classes_in_any_order_stands_for_its_factor(space, classes, protocol):
    codes = classes[:, [2, 3]].astype(float)
    codes[:, 1] = np.array([4, 0, 5, 2, 1, 3])[classes[:, 3]]
    values = score(CodeTable(codes, space, (Continuous(), Categorical(6))), protocol).values
    assert values["parents"] == ["x", "y"]
    assert values["dimension_scores"] == [1, 1]


def test_two_classes_deviate_as_the_numbers_0_and_1(space, classes):
    noisy = (classes[:, 2:3] + np.random.default_rng(0).integers(3, size=(len(space), 1))) > 3
    as_numbers = score(CodeTable(noisy.astype(float), space))
    as_classes = score(CodeTable(noisy.astype(float), space, (Categorical(2),)))
    np.testing.assert_allclose(as_classes.values["irs_matrix"], as_numbers.values["irs_matrix"])
    assert as_classes.values["value"] == pytest.approx(as_numbers.values["value"])


def test_codes_too_large_for_a_variance_are_refused(space):
    codes = np.random.default_rng(0).normal(size=(len(space), 2)) * 1e30
    with pytest.raises(DevalError, match="too large to take variances of"):
        score(CodeTable(codes.astype(np.float32), space))


def test_offsets_that_float32_cannot_hold_are_a_warning(space, classes):
    codes = (classes + 1e5).astype(np.float32)
    with pytest.warns(DevalWarning, match="lose digits in float32"):
        score(CodeTable(codes, space))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        score(CodeTable(classes.astype(np.float32), space))
        score(CodeTable(codes, space), precision="float64")
