import torch
from scipy import stats

from disentangle_eval.runtime.draws import GeneratorDraw, stream_seed


def drawn(draw):
    return [draw.normal(2, 3), draw.uniform(4), draw.integers(5, 6), draw.permutation(7, 2)]


def test_a_seed_fixes_every_draw_and_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    first, second, other = (drawn(GeneratorDraw(seed)) for seed in (3, 3, 4))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(first, other, strict=True))
    assert torch.equal(torch.get_rng_state(), before)


def test_draws_have_the_shapes_types_and_ranges_promised():
    draw = GeneratorDraw(0)
    normal, uniform, integers = draw.normal(5000), draw.uniform(5000), draw.integers(4, 5000)
    assert normal.dtype == uniform.dtype == torch.float32
    assert integers.dtype == torch.int64
    assert stats.kstest(normal, "norm").pvalue > 1e-3
    assert stats.kstest(uniform, "uniform").pvalue > 1e-3
    assert stats.chisquare(integers.bincount(minlength=4)).pvalue > 1e-3
    assert draw.normal().shape == ()


def test_columns_of_a_permutation_are_permutations_of_their_own():
    columns = GeneratorDraw(0).permutation(50, 3)
    assert columns.dtype == torch.int64
    assert torch.equal(columns.sort(dim=0).values, torch.arange(50)[:, None].expand(50, 3))
    assert len({tuple(column.tolist()) for column in columns.T}) == 3


def test_every_purpose_of_a_seed_has_a_stream_of_its_own():
    purposes = [(0,), (1,), (0, "weights"), (0, "draws"), (0, "epoch", 1), (0, "epoch", 11), (0, "epoch", 1, 1)]
    seeds = [stream_seed(*purpose) for purpose in purposes]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**63 for seed in seeds)
    # written down: another value would change every run
    assert stream_seed(0, "weights") == 133441691874178746
