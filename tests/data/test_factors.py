from __future__ import annotations

import numpy as np
import pytest

from disentangle_eval.data.factors import FactorSpace

SPACE = FactorSpace(("shape", "size", "angle"), (2, 3, 4))


def test_the_last_factor_varies_fastest():
    assert len(SPACE) == 24
    assert SPACE.classes(np.arange(5)).tolist() == [[0, 0, 0], [0, 0, 1], [0, 0, 2], [0, 0, 3], [0, 1, 0]]


def test_index_undoes_classes_in_any_shape():
    index = np.arange(24).reshape(2, 3, 4)
    classes = SPACE.classes(index)
    assert classes.shape == (2, 3, 4, 3)
    assert SPACE.index(classes).dtype == np.int64
    np.testing.assert_array_equal(SPACE.index(classes), index)
    assert SPACE.index(np.array([1, 2, 3])) == 23


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ([0, 3, 0], r"class of 'size': received 3, expected 0 to 2"),
        ([0, 0, -1], r"class of 'angle': received -1, expected 0 to 3"),
        ([0, 0], r"received classes of shape \(2,\), expected \(..., 3\)"),
        ([0.0, 1.0, 2.0], "received classes of dtype float64, expected integers"),
    ],
)
def test_classes_that_do_not_exist_are_refused(classes, message):
    with pytest.raises(ValueError, match=message):
        SPACE.index(np.array(classes))


@pytest.mark.parametrize("index", [-1, 24])
def test_an_image_that_does_not_exist_is_refused(index):
    with pytest.raises(ValueError, match=f"received {index}, expected 0 to 23"):
        SPACE.classes(np.array([0, index]))


@pytest.mark.parametrize(("names", "sizes"), [(("a", "b"), (2,)), (("a",), (0,)), ((), ())])
def test_a_space_without_a_size_for_each_name_is_refused(names, sizes):
    with pytest.raises(ValueError, match="FactorSpace"):
        FactorSpace(names, sizes)
