import numpy as np
import pytest

from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.errors import UsageError
from disentangle_eval.metrics.toolbox.votes import IndependentStream, ReferenceStream

STREAMS = [ReferenceStream, IndependentStream]


def draw_one_by_one(sizes, seed, count, samples):
    """The reference's votes as it describes them: a factor, a batch factor by factor, one class shared."""
    random = np.random.RandomState(seed)
    fixed, classes = [], []
    for _ in range(count):
        factor = random.randint(len(sizes))
        batch = np.stack([random.randint(size, size=samples) for size in sizes], axis=1)
        batch[:, factor] = batch[0, factor]
        fixed.append(factor)
        classes.append(batch)
    return np.array(fixed), np.array(classes)


@pytest.mark.parametrize("sizes", [(3, 6, 40, 32, 32), (4,), (2, 2), (7, 5)])
def test_the_reference_stream_draws_what_one_call_after_another_draws(sizes):
    space = FactorSpace(tuple(f"f{i}" for i in range(len(sizes))), sizes)
    fixed, classes = draw_one_by_one(sizes, 5, count=7000, samples=33)
    votes = ReferenceStream(space, 5).votes(7000, 33)
    np.testing.assert_array_equal(votes.fixed, fixed)
    np.testing.assert_array_equal(space.classes(votes.index), classes)


def test_a_factor_of_one_class_changes_nothing_in_the_reference_stream(space):
    wider = FactorSpace(("colour", *space.names), (1, *space.sizes))
    plain, widened = ReferenceStream(space, 1), ReferenceStream(wider, 1)
    np.testing.assert_array_equal(plain.images(100), widened.images(100))
    votes, same = plain.votes(100, 10), widened.votes(100, 10)
    np.testing.assert_array_equal(votes.fixed + 1, same.fixed)
    np.testing.assert_array_equal(votes.index, same.index)


@pytest.mark.parametrize("stream", STREAMS)
def test_a_vote_shares_one_class_and_all_else_varies(space, stream):
    votes = stream(space, 0).votes(2000, 40)
    classes = space.classes(votes.index)
    shared = (classes == classes[:, :1]).all(axis=1)
    np.testing.assert_array_equal(shared, np.arange(4) == votes.fixed[:, None])
    assert np.bincount(votes.fixed).min() > 400
    for factor, size in enumerate(space.sizes):
        held = classes[votes.fixed == factor, 0, factor]
        assert set(held) == set(range(size))


@pytest.mark.parametrize("sizes", [(3, 6, 40, 32, 32), (2, 1, 5)])
def test_the_reference_stream_draws_pairs_as_one_call_after_another_does(sizes):
    space = FactorSpace(tuple(f"f{i}" for i in range(len(sizes))), sizes)
    varying = np.flatnonzero(np.array(sizes) > 1)
    random = np.random.RandomState(5)
    fixed, classes = [], []
    for _ in range(4000):
        fixed.append(varying[random.randint(len(varying))])
        first, second = (np.stack([random.randint(size, size=33) for size in sizes], axis=1) for _ in range(2))
        second[:, fixed[-1]] = first[:, fixed[-1]]
        classes.append([first, second])
    stream = ReferenceStream(space, 5)
    found = [stream.pairs(3500, 33), stream.pairs(500, 33)]
    np.testing.assert_array_equal(np.concatenate([pairs.fixed for pairs in found]), fixed)
    np.testing.assert_array_equal(space.classes(np.concatenate([pairs.index for pairs in found])), classes)


@pytest.mark.parametrize("stream", STREAMS)
def test_a_pair_shares_a_class_of_its_own_and_all_else_is_independent(space, stream):
    pairs = stream(space, 0).pairs(3000, 40)
    classes = space.classes(pairs.index)
    same = classes[:, 0] == classes[:, 1]
    np.testing.assert_array_equal(same.all(axis=1), np.arange(4) == pairs.fixed[:, None])
    for factor, size in enumerate(space.sizes):
        others = pairs.fixed != factor
        assert same[others, :, factor].mean() == pytest.approx(1 / size, abs=0.01)
        for image in (0, 1):
            shares = np.bincount(classes[~others, image, :, factor].ravel(), minlength=size) / (~others).sum() / 40
            np.testing.assert_allclose(shares, 1 / size, atol=0.02)


@pytest.mark.parametrize("stream", STREAMS)
def test_a_factor_of_one_class_is_never_fixed(stream):
    space = FactorSpace(("colour", "x", "y"), (1, 4, 5))
    assert set(stream(space, 0).votes(100, 4).fixed) == {1, 2}
    with pytest.raises(UsageError, match=r"factor sizes: received \(1, 1\)"):
        stream(FactorSpace(("a", "b"), (1, 1)), 0)


def test_the_independent_stream_shows_every_image_once_where_it_can(space):
    np.testing.assert_array_equal(np.sort(IndependentStream(space, 0).images(10_000)), np.arange(len(space)))
    assert len(set(IndependentStream(space, 0).images(100))) == 100


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_range_is_refused(space, stream, seed):
    with pytest.raises(UsageError, match=f"seed: received {seed}"):
        stream(space, seed)
