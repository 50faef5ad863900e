"""A picture of images: every pixel in its place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from disentangle_eval.errors import DevalError
from disentangle_eval.report.grid import PAPER, RULE, enlargement, grid, save_png, table


def test_tiles_stand_in_reading_order_with_rules_around_them_and_paper_after_the_last() -> None:
    images = torch.tensor([[0.0, 1.0], [0.2, 0.4], [0.6, 0.8]]).reshape(3, 1, 1, 2)
    r, p = RULE, PAPER
    full, ragged = [r] * 10, [r] * 6 + [p] * 4
    expected = [
        full,
        full,
        [r, r, 0, 255, r, r, 51, 102, r, r],
        full,
        full,
        [r, r, 153, 204, r, r, p, p, p, p],
        ragged,
        ragged,
    ]
    np.testing.assert_array_equal(grid(images, columns=2, scale=1), expected)


def test_enlarged_pixels_are_squares_and_colours_keep_their_place() -> None:
    image = torch.tensor([1.0, 0.5, 0.0]).reshape(1, 3, 1, 1)
    picture = grid(image, columns=1, scale=3)
    assert picture.shape == (7, 7, 3)
    assert (picture[2:5, 2:5] == (255, 128, 0)).all()


@pytest.mark.parametrize(("size", "factor"), [(28, 5), (32, 4), (64, 2), (128, 1), (500, 1)])
def test_small_images_are_enlarged_to_about_one_size(size: int, factor: int) -> None:
    assert enlargement(size, size) == factor


def test_values_outside_the_range_are_black_or_white() -> None:
    picture = grid(torch.tensor([-0.5, 1.5]).reshape(1, 1, 1, 2), columns=1, scale=1)
    assert picture[2, 2:4].tolist() == [0, 255]


@pytest.mark.parametrize(
    ("images", "told"),
    [
        (torch.zeros(1, 2, 4, 4), "1 channel"),
        (torch.zeros(4, 4), "expected"),
        (torch.full((1, 1, 2, 2), float("nan")), "NaN"),
    ],
)
def test_what_is_no_picture_is_refused_by_name(images: torch.Tensor, told: str) -> None:
    with pytest.raises(DevalError, match=told):
        grid(images, columns=1, scale=1)


def test_an_empty_row_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="at least one"):
        table([torch.zeros(0, 1, 2, 2)])


@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 3)])
def test_a_saved_picture_reads_back_as_it_was(tmp_path: Path, shape: tuple[int, ...]) -> None:
    picture = np.random.default_rng(0).integers(256, size=shape, dtype=np.uint8)
    save_png(tmp_path / "a.png", picture)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "a.png")), picture)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_picture_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DevalError, match="cannot write"):
        save_png(tmp_path / "absent" / "a.png", np.zeros((2, 2), np.uint8))
