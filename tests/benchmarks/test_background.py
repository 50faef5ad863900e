"""What is read off the background: images without it."""

import importlib
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def background(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    return importlib.import_module("background")


def test_all_but_the_largest_region_and_three_pixels_around_it_is_black(background):
    images = np.full((2, 1, 32, 32), 0.1, dtype=np.float32)
    images[0, 0, 10:16, 10:16] = 1
    images[0, 0, 10:12, 28:30] = 1
    kept = background.without_background(images)
    np.testing.assert_array_equal(kept[0, 0, 10:16, 7:19], images[0, 0, 10:16, 7:19])
    assert kept[0, 0, :, 19:].max() == 0
    assert kept[0, 0, :7].max() == 0
    assert kept[1].max() == 0


def test_correlations_are_those_of_columns(background):
    first = np.random.default_rng(0).normal(size=(200, 2))
    second = np.stack([-2 * first[:, 0], np.random.default_rng(1).normal(size=200)], axis=1)
    reversed_, none = background.correlations(first, second)
    assert reversed_ == pytest.approx(-1)
    assert abs(none) < 0.2
