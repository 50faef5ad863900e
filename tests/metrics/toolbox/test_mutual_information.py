import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from disentangle_eval.metrics.toolbox.mutual_information import entropy, mutual_information


def test_every_pair_equals_the_information_counted_alone():
    random = np.random.default_rng(0)
    b = np.stack([random.integers(size, size=500) for size in (2, 7, 1, 40)], axis=1)
    a = np.stack([b[:, 1] // 2, random.integers(3, size=500) * 5, b[:, 0] + b[:, 3]], axis=1)
    expected = [[mutual_info_score(x, y) for y in b.T] for x in a.T]
    np.testing.assert_allclose(mutual_information(a, b), expected, rtol=1e-10, atol=1e-14)


def test_information_of_a_column_on_itself_is_its_entropy():
    column = np.array([0, 0, 1, 3])[:, None]
    expected = 1.5 * np.log(2)
    assert entropy(column) == pytest.approx([expected])
    assert mutual_information(column, column)[0] == pytest.approx([expected])


def test_no_information_is_exactly_0():
    random = np.random.default_rng(0)
    varied = random.integers(7, size=(10_007, 3))
    constant = np.full((10_007, 1), 4)
    assert not mutual_information(constant, varied).any()
    assert not mutual_information(varied, constant).any()
    assert entropy(constant).tolist() == [0]
    grid = np.stack(np.divmod(np.arange(21), 7), axis=1)
    assert mutual_information(grid[:, :1], grid[:, 1:]).tolist() == [[0]]
