"""Orders that are never held whole, alone and as the sampler uses them."""

from itertools import chain

import numpy as np
import pytest
import torch

from disentangle_eval.training import sampler
from disentangle_eval.training.sampler import EpochSampler
from disentangle_eval.training.shuffle import LazyShuffle

CPU = torch.device("cpu")


def shuffle(n, seed=0):
    return LazyShuffle(n, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("n", [1, 2, 3, 10, 11, 1000, 1024, 1025])
def test_every_number_has_one_place(n):
    assert sorted(shuffle(n)(torch.arange(n)).tolist()) == list(range(n))


def test_places_asked_for_one_by_one_hold_the_same_numbers():
    order = shuffle(1000)
    whole = order(torch.arange(1000))
    assert [order(torch.tensor([place])).item() for place in range(0, 1000, 37)] == whole[::37].tolist()
    assert not torch.equal(whole, shuffle(1000, seed=1)(torch.arange(1000)))


def test_every_number_is_as_likely_in_every_place():
    n, orders = 10, 5_000
    counts = np.zeros((n, n))
    for seed in range(orders):
        counts[np.arange(n), shuffle(n, seed)(torch.arange(n)).numpy()] += 1
    assert np.abs(counts / orders - 1 / n).max() < 0.021


def test_a_batch_from_a_huge_set_is_spread_over_all_of_it():
    n = 737_280 * 512
    drawn = shuffle(n)(torch.arange(100_000)).numpy()
    assert len(np.unique(drawn)) == 100_000
    assert drawn.max() < n
    for size in (512, 8, 3, 32):
        share = np.bincount(drawn % size, minlength=size) / 100_000 * size
        assert np.abs(share - 1).max() < 5 * np.sqrt(size / 100_000)
    assert np.corrcoef(drawn[:-1], drawn[1:])[0, 1] == pytest.approx(0, abs=0.02)


@pytest.fixture
def _never_whole(monkeypatch):
    monkeypatch.setattr(sampler, "HELD_WHOLE", 10)
    monkeypatch.setattr(sampler, "PIECE", 5)


def batches(count, seed=0, drawn=0, n=23, batch=3):
    order = EpochSampler(n, batch, seed, CPU)
    order.drawn = drawn
    return [order.next().tolist() for _ in range(count)]


@pytest.mark.usefixtures("_never_whole")
def test_a_large_set_is_sampled_without_replacement_within_an_epoch():
    epochs = [list(chain(*batches(7, drawn=7 * epoch))) for epoch in range(20)]
    assert all(len(epoch) == len(set(epoch)) == 21 for epoch in epochs)
    assert set().union(*epochs) == set(range(23))
    assert len({tuple(epoch) for epoch in epochs}) == 20


@pytest.mark.usefixtures("_never_whole")
def test_what_comes_next_from_a_large_set_follows_from_the_seed_and_the_number_drawn():
    whole = batches(30)
    for drawn in range(30):
        assert batches(30 - drawn, drawn=drawn) == whole[drawn:]
    assert batches(30, seed=1) != whole
