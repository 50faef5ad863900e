import numpy as np
import pytest
import torch
from torch.distributions import Normal

from disentangle_eval.errors import DevalError
from disentangle_eval.metrics.toolbox import aggregate_posterior
from disentangle_eval.metrics.toolbox.aggregate_posterior import aggregate_density, sample_aggregate
from disentangle_eval.metrics.toolbox.posteriors import PosteriorTable


def posteriors(n=50, z=3, seed=0):
    """Some sharp, some wide, and one dimension that has collapsed."""
    generator = torch.Generator().manual_seed(seed)
    mean, log_variance = torch.randn(2, n, z, generator=generator)
    mean[:, -1] *= 1e-3
    return PosteriorTable(mean, 3 * log_variance - 5)


def written_out(z, table):
    """log q(z) and log q(z_j) by two loops in float64."""
    joint, marginals = [], []
    for sample in z.double():
        log_q = [
            Normal(mean, (log_variance / 2).exp()).log_prob(sample)
            for mean, log_variance in zip(table.mean.double(), table.log_variance.double(), strict=True)
        ]
        joint.append(torch.stack([one.sum() for one in log_q]).logsumexp(dim=0))
        marginals.append(torch.stack(log_q).logsumexp(dim=0))
    return torch.stack(joint) - np.log(len(table)), torch.stack(marginals) - np.log(len(table))


@pytest.mark.parametrize("columns", [7, 4096])
def test_densities_equal_the_sums_written_out_whatever_the_chunks(monkeypatch, columns):
    monkeypatch.setattr(aggregate_posterior, "CPU_IMAGES", columns)
    monkeypatch.setattr(aggregate_posterior, "CPU_PAIRS", 4 * columns)
    table = posteriors()
    z = sample_aggregate(table, 30, seed=0).z
    joint, marginals = written_out(z, table)
    density = aggregate_density(z, table)
    torch.testing.assert_close(density.joint, joint, atol=1e-4, rtol=0)
    torch.testing.assert_close(density.marginals, marginals, atol=1e-4, rtol=0)
    torch.testing.assert_close(density.total_correlation, joint - marginals.sum(dim=1), atol=1e-4, rtol=0)


def test_sharp_posteriors_far_apart_lose_nothing_to_float32():
    table = PosteriorTable(torch.randn(200, 10, generator=torch.Generator().manual_seed(0)), torch.full((200, 10), -16))
    sample = sample_aggregate(table, 100, seed=0)
    own = table[sample.rows].log_density(sample.z).double().sum(dim=1)
    joint = aggregate_density(sample.z, table).joint
    torch.testing.assert_close(joint, own - np.log(200), atol=0.01, rtol=0)


def test_every_image_is_drawn_from_before_one_is_again():
    table = posteriors(50)
    assert sorted(sample_aggregate(table, 50, seed=1).rows.tolist()) == list(range(50))
    assert len(sample_aggregate(table, 80, seed=1).rows) == 80


def test_samples_have_the_moments_of_their_posteriors():
    table = PosteriorTable(torch.tensor([[2.0, -1.0]]), torch.tensor([[0.5, 1.5]]))
    z = sample_aggregate(table, 20_000, seed=0).z
    torch.testing.assert_close(z.mean(dim=0), table.mean[0], atol=0.05, rtol=0)
    torch.testing.assert_close(z.var(dim=0), table.log_variance[0].exp(), rtol=0.05, atol=0)


def test_densities_beyond_float32_are_an_error():
    table = PosteriorTable(torch.zeros(3, 2), torch.full((3, 2), -200.0))
    with pytest.raises(DevalError, match="not finite in float32"):
        aggregate_density(table.mean, table)
