"""A row a factor: its classes in order, all others held, or as nearly as the images allow."""

import hashlib

import numpy as np
import pytest
import torch

from disentangle_eval.data import ByteImages, FactorSpace, FactorTable, ImageDataset
from disentangle_eval.report.dataset_picture import COLUMNS, dataset_picture, factor_rows

GRID = FactorSpace(("shape", "x"), (3, 25))


def data_of(factors, n: int, **more) -> ImageDataset:
    pixels = np.random.default_rng(0).integers(256, size=(n, 3, 8, 8), dtype=np.uint8)
    return ImageDataset(
        "toy", hashlib.sha256(pixels.tobytes()).hexdigest(), ByteImages(torch.from_numpy(pixels)), factors
    )


def test_rows_of_a_grid_change_one_factor_from_end_to_end():
    origin = int(GRID.index(np.array([1, 7])))
    shape, x = factor_rows(GRID, origin, columns=5)
    assert GRID.classes(shape.index).tolist() == [[0, 7], [1, 7], [2, 7]]
    assert GRID.classes(x.index).tolist() == [[1, 0], [1, 6], [1, 12], [1, 18], [1, 24]]
    assert shape.exact
    assert x.exact


def test_rows_of_a_table_take_the_nearest_image_of_each_class_there_is():
    classes = np.array([[0, 0], [0, 9], [1, 1], [1, 8], [3, 4], [3, 9]])
    kind, place = factor_rows(FactorTable(("kind", "place"), classes), origin=0, columns=4)
    assert (kind.classes.tolist(), kind.index.tolist(), kind.exact) == ([0, 1, 3], [0, 2, 4], False)
    assert (place.classes.tolist(), place.index.tolist()) == ([0, 1, 8, 9], [0, 2, 3, 1])
    assert not place.exact


def test_rows_of_a_whole_table_are_those_of_the_grid():
    table = FactorTable(GRID.names, GRID.classes(np.arange(len(GRID))))
    for row, same in zip(factor_rows(GRID, 31), factor_rows(table, 31), strict=True):
        assert row.index.tolist() == same.index.tolist()
        assert same.exact


@pytest.mark.parametrize("factors", [GRID, FactorTable(("a",), np.arange(75)[:, None] % 2), None])
def test_a_picture_depends_on_the_seed(factors):
    data = data_of(factors, 75)
    picture = dataset_picture(data, 0)
    assert (picture.dtype, picture.ndim) == (np.uint8, 3)
    assert picture.shape[1] > COLUMNS * 8
    assert np.array_equal(picture, dataset_picture(data, 0))
    other = dataset_picture(data, 1)
    assert picture.shape != other.shape or not np.array_equal(picture, other)


def test_a_nuisance_has_a_row_of_its_own():
    class Noisy(ImageDataset):
        def observe(self, index, draw):
            return draw.uniform(len(index), *self.shape)

    plain = data_of(GRID, 75)
    noisy = Noisy(plain.name, plain.sha256, plain.store, plain.factors)
    rows = (dataset_picture(noisy, 0).shape[0] - dataset_picture(plain, 0).shape[0]) / 128
    assert round(rows) == 1
