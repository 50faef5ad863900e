from itertools import chain

import pytest
import torch

from disentangle_eval.errors import UsageError
from disentangle_eval.training import sampler
from disentangle_eval.training.sampler import EpochSampler

CPU = torch.device("cpu")


def batches(count, seed=0, drawn=0, n=11, batch=3):
    sampler = EpochSampler(n, batch, seed, CPU)
    sampler.drawn = drawn
    return [sampler.next().tolist() for _ in range(count)]


def test_an_epoch_shows_each_image_at_most_once_and_drops_the_remainder():
    epochs = [list(chain(*batches(3, drawn=3 * epoch))) for epoch in range(20)]
    for epoch in epochs:
        assert len(epoch) == len(set(epoch)) == 9
        assert set(epoch) <= set(range(11))
    assert len({tuple(epoch) for epoch in epochs}) == 20
    assert set().union(*epochs) == set(range(11))


def test_the_whole_set_is_shown_when_the_batch_divides_it():
    assert sorted(chain(*batches(4, n=12))) == list(range(12))


def test_what_comes_next_follows_from_the_seed_and_the_number_drawn_alone():
    whole = batches(20)
    for drawn in range(20):
        assert batches(20 - drawn, drawn=drawn) == whole[drawn:]
    assert batches(20, seed=1) != whole


@pytest.mark.parametrize(("held_whole", "piece"), [(2**26, 2**16), (0, 6)])
def test_several_batches_ahead_are_those_that_come(monkeypatch, held_whole, piece):
    monkeypatch.setattr(sampler, "HELD_WHOLE", held_whole)
    monkeypatch.setattr(sampler, "PIECE", piece)
    whole = batches(20)
    for drawn in range(8):
        one = EpochSampler(11, 3, 0, CPU)
        one.drawn = drawn
        assert one.ahead(12).tolist() == whole[drawn : drawn + 12]
        assert one.drawn == drawn


def test_it_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    batches(5)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_batch_larger_than_the_set_is_a_usage_error():
    with pytest.raises(UsageError, match="batch_size: received 12, expected at most the 11 images"):
        EpochSampler(11, 12, 0, CPU)
