import numpy as np
import pytest

from disentangle_eval.errors import DevalError
from disentangle_eval.latents import Categorical, Continuous, continuous
from disentangle_eval.metrics.toolbox.columns import (
    discretise,
    gini_variance,
    in_usual_units,
    one_hot_blocks,
    variances,
    varies,
)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bins_are_those_of_the_reference_in_the_precision_of_the_codes(dtype):
    codes = (np.random.default_rng(0).integers(0, 41, size=(5000, 3)) * 0.1 - [0, 2, 7]).astype(dtype)
    expected = [np.digitize(column, np.histogram(column, 20)[1][:-1]) - 1 for column in codes.T]
    found = discretise(codes, continuous(3), 20)
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, np.stack(expected, axis=1))
    assert found.min() == 0
    assert found.max() == 19


def test_precision_decides_where_a_number_on_an_edge_goes():
    codes = np.random.default_rng(0).integers(0, 41, size=(5000, 1)) * 0.1
    single, double = (discretise(codes.astype(dtype), continuous(1), 20) for dtype in (np.float32, np.float64))
    assert (single != double).any()


def test_a_constant_column_is_one_class():
    assert len(np.unique(discretise(np.full((9, 1), 0.1, dtype=np.float32), continuous(1), 20))) == 1


def test_a_column_a_few_roundings_wide_has_a_class_for_each_number():
    one = np.float32(1)
    above = np.nextafter(one, np.float32(2))
    codes = np.array([one, above, one, np.nextafter(above, np.float32(2))])[:, None]
    assert discretise(codes, continuous(1), 20)[:, 0].tolist() == [0, 1, 0, 2]


def test_a_column_of_classes_keeps_them():
    codes = np.array([[29.0], [0.0], [3.0]])
    assert discretise(codes, (Categorical(30),), 20)[:, 0].tolist() == [29, 0, 3]


def test_a_column_of_classes_is_a_block_of_0_and_1_and_a_real_number_a_block_of_itself():
    codes = np.array([[2.0, 0.5], [0.0, -1.0]], dtype=np.float32)
    classes, number = one_hot_blocks(codes, (Categorical(4), Continuous()))
    assert classes.tolist() == [[0, 0, 1, 0], [1, 0, 0, 0]]
    assert number.tolist() == [[0.5], [-1.0]]
    assert classes.dtype == number.dtype == np.float32


def test_numbers_without_a_finite_range_are_refused():
    codes = np.array([[-3e38], [3e38]], dtype=np.float32)
    with pytest.raises(DevalError, match="too far apart to take a histogram of"):
        discretise(codes, continuous(1), 20)


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


def test_ordinary_columns_keep_their_bits_and_extreme_ones_are_centred_and_scaled_by_a_power_of_two():
    plain = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    assert in_usual_units(plain, plain[:3])[0] is plain
    base = np.random.default_rng(1).normal(size=50)
    columns = np.stack([base, 1e-9 * base, 1e75 * base, base + 1e6, np.full(50, 0.1), 1e-9 * base], axis=1)
    fitted, other = in_usual_units(columns, columns[:7])
    np.testing.assert_array_equal(fitted[:7], other)
    np.testing.assert_array_equal(fitted[:, [0, 4]], columns[:, [0, 4]])
    for j in (1, 2, 3, 5):
        assert 1 <= np.ptp(fitted[:, j]) < 2 + 1e-9
        assert fitted[:, j].min() == pytest.approx(-fitted[:, j].max(), abs=1e-6)
        scale = np.ptp(fitted[:, j]) / np.ptp(columns[:, j])
        assert np.log2(scale) == pytest.approx(round(np.log2(scale)), abs=1e-6)
        np.testing.assert_array_equal(np.argsort(fitted[:, j]), np.argsort(base))
    with pytest.raises(DevalError, match="too far apart to take differences of"):
        in_usual_units(np.array([[-1.7e308], [1.7e308]]))


def test_a_column_varies_where_its_variance_is_above_0_in_the_precision_of_the_codes():
    base = np.random.default_rng(0).uniform(-1, 1, size=50)
    columns = np.stack([base, 1e-6 * base, np.full(50, 0.1), np.zeros(50), 1e-30 * base], axis=1)
    assert varies(columns).tolist() == [True, True, False, False, True]
    assert varies(columns.astype(np.float32)).tolist() == [True, True, False, False, False]
    with pytest.raises(DevalError, match="too large to take variances of"):
        varies(np.array([[-1e300], [1e300]]))


@pytest.mark.parametrize(
    ("ends", "usual"),
    [
        ((0, 2.0**20), True),
        ((0, 2.0**20 + 1), False),
        ((0, 2.0**-10), True),
        ((0, 2.0**-11), False),
        ((1023, 1024), True),
        ((1024, 1025), False),
        ((-1025, -1024), False),
    ],
)
def test_units_are_usual_up_to_these_ranges_and_distances(ends, usual):
    column = np.array(ends, dtype=float)[:, None]
    assert (in_usual_units(column)[0] is column) == usual
