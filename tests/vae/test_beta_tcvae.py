"""The parts of the KL that beta-TCVAE weighs, and the estimate of the aggregate posterior under them."""

import itertools
import math

import pytest
import torch

from deval_vae.beta_tcvae import decompose, log_weights
from disentangle_eval.api import ImageShape
from disentangle_eval.gaussians import log_density
from disentangle_eval.testing.trial import random_images
from disentangle_eval.training.step import TrainingStep

BATCH, LATENT, DATA_SIZE = 6, 4, 50
CPU = torch.device("cpu")


@pytest.fixture
def posteriors():
    """Latents, means and log variances of a batch."""
    generator = torch.Generator().manual_seed(0)
    mean, noise = torch.randn(2, BATCH, LATENT, generator=generator, dtype=torch.float64)
    log_variance = torch.linspace(-2, 0.5, BATCH * LATENT, dtype=torch.float64).view(BATCH, LATENT)
    return mean + (log_variance / 2).exp() * noise, mean, log_variance


@pytest.mark.parametrize("stratified", [False, True])
def test_the_parts_sum_to_the_sampled_kl_so_beta_weighs_the_total_correlation_alone(posteriors, stratified):
    z, mean, log_variance = posteriors
    parts = decompose(*posteriors, log_weights(BATCH, DATA_SIZE, stratified, CPU))
    prior = torch.distributions.Normal(0.0, 1.0)
    kl = (log_density(z, mean, log_variance) - prior.log_prob(z)).sum(dim=1).mean()
    beta = 5.0
    weighed = parts.mutual_information + beta * parts.total_correlation + parts.dimension_wise_kl
    torch.testing.assert_close(weighed, kl + (beta - 1) * parts.total_correlation)


def test_the_total_correlation_holds_the_constants_that_equal_weights_bring(posteriors):
    with_constants = decompose(*posteriors, log_weights(BATCH, DATA_SIZE, False, CPU)).total_correlation
    without = decompose(*posteriors, torch.zeros(BATCH, BATCH)).total_correlation
    expected = (LATENT - 1) * math.log(BATCH * DATA_SIZE)
    assert (with_constants - without).item() == pytest.approx(expected, rel=1e-6)


def test_equal_weights_put_the_parts_off_by_the_logarithm_of_all_images():
    """Where every image has the prior for a posterior, all parts are 0 in expectation, here of the latents at 0."""
    at_prior = torch.zeros(3, BATCH, LATENT, dtype=torch.float64)
    equal, stratified = (decompose(*at_prior, log_weights(BATCH, DATA_SIZE, kind, CPU)) for kind in (False, True))
    offsets = {"mutual_information": 1, "total_correlation": LATENT - 1, "dimension_wise_kl": -LATENT}
    for part, offset in offsets.items():
        assert getattr(stratified, part).item() == pytest.approx(0, abs=1e-6)
        assert getattr(equal, part).item() == pytest.approx(offset * math.log(DATA_SIZE), rel=1e-6)


def test_stratified_weights_estimate_the_aggregate_posterior_without_bias():
    data_size, batch = 5, 3
    density = torch.tensor([0.3, 1.7, 0.1, 0.9, 2.4], dtype=torch.float64)
    weights = log_weights(batch, data_size, True, CPU).exp().double()
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(batch, dtype=torch.float64))
    for row in range(batch):
        own, others = 0, range(1, data_size)
        estimates = []
        for drawn in itertools.permutations(others, batch - 1):
            order = [*drawn[:row], own, *drawn[row:]]
            estimates.append((weights[row] * density[order]).sum())
        torch.testing.assert_close(torch.stack(estimates).mean(), density.mean())


def test_the_step_of_a_run_lends_the_number_of_training_images():
    step = TrainingStep(random_images(ImageShape(1, 2, 2), 12, seed=0), batch=4, seed=0, device=CPU)
    assert (step.batch, step.data_size) == (4, 12)
