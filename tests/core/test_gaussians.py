"""The Gaussian formulas against torch's distributions, in float64."""

import torch
from torch.distributions import Normal, kl_divergence

from disentangle_eval import gaussians
from disentangle_eval.runtime.draws import GeneratorDraw

Z, MEAN, LOG_VARIANCE = torch.randn(3, 50, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
STANDARD = Normal(torch.zeros(50, 4).double(), torch.ones(50, 4).double())
Q = Normal(MEAN, (LOG_VARIANCE / 2).exp())


def test_divergence_entropy_and_densities():
    torch.testing.assert_close(gaussians.kl_to_standard(MEAN, LOG_VARIANCE), kl_divergence(Q, STANDARD))
    torch.testing.assert_close(gaussians.entropy(LOG_VARIANCE), Q.entropy())
    torch.testing.assert_close(gaussians.log_density(Z, MEAN, LOG_VARIANCE), Q.log_prob(Z))
    torch.testing.assert_close(gaussians.standard_log_density(Z), STANDARD.log_prob(Z))


def test_samples_have_the_mean_and_variance_and_gradients_flow_to_both():
    mean = torch.full((100_000, 1), 3.0, requires_grad=True)
    log_variance = torch.full((100_000, 1), -1.0, requires_grad=True)
    drawn = gaussians.sample(mean, log_variance, GeneratorDraw(0))
    assert abs(float(drawn.detach().mean()) - 3) < 0.01
    assert abs(float(drawn.detach().var().log()) + 1) < 0.02
    drawn.sum().backward()
    assert mean.grad is not None
    assert log_variance.grad is not None
