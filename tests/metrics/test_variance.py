import numpy as np
import pytest

from disentangle_eval.latents import Categorical, Continuous
from disentangle_eval.metrics.toolbox.columns import gini_variance, variances


def test_gini_variance_is_the_sum_over_pairs():
    sets = np.random.default_rng(0).integers(4, size=(5, 23))
    for values, found in zip(sets, gini_variance(sets, 4), strict=True):
        differing = sum(float(a != b) for a in values for b in values)
        assert found == pytest.approx(differing / (2 * 23 * 22))


def test_gini_variance_of_two_classes_is_the_variance_of_0_and_1():
    values = np.random.default_rng(0).integers(2, size=50)
    assert gini_variance(values, 2) == pytest.approx(np.var(values, ddof=1))


def test_gini_variance_of_one_class_alone_is_zero():
    assert gini_variance(np.full((3, 9), 2), 5).tolist() == [0, 0, 0]


def test_each_column_has_the_variance_of_its_kind():
    codes = np.random.default_rng(0).integers(6, size=(4, 30, 2)).astype(float)
    found = variances(codes, (Continuous(), Categorical(6)))
    np.testing.assert_allclose(found[:, 0], codes[..., 0].var(axis=1, ddof=1))
    np.testing.assert_allclose(found[:, 1], gini_variance(codes[..., 1].astype(int), 6))
