"""Numbers that follow from an image's index: their bits, and how random they look."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from disentangle_eval.data.index_hash import hashed_bits, hashed_integers, hashed_uniform

INDEX = torch.arange(0, 737_280, 3_000)


def mixed(word: int) -> int:
    """The mixer of the hash in Python's own integers."""
    for shift, multiplier in ((16, 0x7FEB352D), (15, 0x846CA68B), (16, 1)):
        word = (word ^ word >> shift) * multiplier & 0xFFFFFFFF
    return word


def test_bits_are_those_of_exact_arithmetic():
    bits = hashed_bits(INDEX, 5)
    places = [mixed(place + 0x9E3779B9) for place in range(5)]
    assert bits.tolist() == [[mixed(mixed(image) ^ place) >> 8 for place in places] for image in INDEX.tolist()]


def test_a_value_depends_on_index_and_place_alone():
    whole = hashed_uniform(INDEX, 100)
    assert torch.equal(hashed_uniform(INDEX[[7, 7, 2]], 60), whole[[7, 7, 2], :60])


def test_values_are_uniform_and_unrelated_from_image_to_image_and_place_to_place():
    values = hashed_uniform(torch.arange(300), 3_000).double()
    assert 0 <= values.min() < values.max() < 1
    counts = np.histogram(values, bins=100, range=(0, 1))[0]
    assert ((counts - 9_000) ** 2 / 9_000).sum() < 160  # chi-squared of 99: above that once in 10,000
    for neighbours in (values[1:] - values[:-1], values[:, 1:] - values[:, :-1]):
        assert neighbours.var().item() == pytest.approx(1 / 6, rel=0.01)
    assert torch.corrcoef(values).fill_diagonal_(0).abs().max() < 0.1


def test_integers_reach_every_class_evenly():
    integers = hashed_integers(torch.arange(20_000), (4, 7, 1 << 24))
    for column, high in ((0, 4), (1, 7)):
        np.testing.assert_allclose(np.bincount(integers[:, column], minlength=high) / 20_000, 1 / high, atol=0.015)
    assert integers[:, 2].max() > (1 << 24) - 10_000
