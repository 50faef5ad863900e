import json

import numpy as np
import pytest
import torch
from gaussian_models import LinearGaussian, VectorData, orthogonal
from torch.distributions import Normal

from disentangle_eval.config import build
from disentangle_eval.errors import DevalError
from disentangle_eval.latents import Prior, Uniform
from disentangle_eval.metrics.information.config import IWAEConfig
from disentangle_eval.metrics.information.iwae import IWAEMetric, bounds
from disentangle_eval.metrics.subject import EncodedSubject

WEIGHT = orthogonal(6, [0.5, 1.0, 0.1])
NOISE = 0.7


def data(n=40):
    generator = torch.Generator().manual_seed(1)
    rows = torch.randn(n, 3, generator=generator) @ WEIGHT.T + NOISE * torch.randn(n, 6, generator=generator)
    return VectorData(rows)


def exact():
    return LinearGaussian.exact(WEIGHT, NOISE)


def blurred():
    """A posterior wider than the true one, and off its mean."""
    true = exact()
    return LinearGaussian(WEIGHT, NOISE, 0.8 * true.reader, 1.4 * true.spread)


def score(model, images, seed=0, **settings):
    cfg = build(IWAEConfig, {"particles": 100, **settings})
    return IWAEMetric(cfg).score(EncodedSubject(model, images), seed).values


def test_under_the_true_posterior_every_bound_is_the_likelihood():
    images = data()
    likelihood = exact().log_marginal(images.rows)
    found = bounds(EncodedSubject(exact(), images), np.arange(40), particles=3, seed=0)
    torch.testing.assert_close(found.log_likelihood, likelihood, atol=1e-4, rtol=0)
    torch.testing.assert_close(found.elbo, likelihood, atol=1e-4, rtol=0)
    values = score(exact(), images, particles=1)
    assert values["value"] == pytest.approx(float(likelihood.mean()), abs=1e-4)
    assert values["standard_error"] == pytest.approx(float(likelihood.std()) / 40**0.5, rel=1e-4)


def test_under_another_posterior_the_bound_rises_to_the_likelihood_with_the_particles():
    images = data()
    likelihood = float(exact().log_marginal(images.rows).mean())
    found = [score(blurred(), images, particles=particles)["value"] for particles in (1, 4, 30, 3000)]
    assert found == sorted(found)
    assert found[0] < likelihood - 0.3
    assert found[-1] == pytest.approx(likelihood, abs=0.01)


def test_elbo_and_reconstruction_are_those_of_closed_form():
    images, model = data(), blurred()
    mean, variance = images.rows @ model.reader.T, model.spread**2
    kl = 0.5 * (mean**2 + variance - variance.log() - 1).sum(dim=1)
    at_mean = Normal(mean @ WEIGHT.T, NOISE).log_prob(images.rows).sum(dim=1)
    reconstruction = -at_mean + 0.5 * (WEIGHT**2 @ variance).sum() / NOISE**2
    values = score(model, images, particles=3000)
    assert values["reconstruction"] == pytest.approx(float(reconstruction.mean()), abs=0.03)
    assert values["elbo"] == pytest.approx(float((-reconstruction - kl).mean()), abs=0.03)


def test_it_equals_the_sum_over_particles_written_out(monkeypatch):
    """Of one image's worth of draws, kept as they are handed to the model."""
    images, model = data(2), blurred()
    pairs = []
    density = model.log_likelihood
    monkeypatch.setattr(model, "log_likelihood", lambda x, z: pairs.append((x, z)) or density(x, z))
    found = bounds(EncodedSubject(model, images), np.arange(2), particles=700, seed=3)
    x, z = (torch.cat(column).double() for column in zip(*pairs, strict=True))
    for i, row in enumerate(images.rows.double()):
        own = z[(x.flatten(1) == row).all(dim=1)]
        assert len(own) == 700
        log_p = Normal(own @ WEIGHT.double().T, NOISE).log_prob(row).sum(dim=1) + Normal(0, 1).log_prob(own).sum(dim=1)
        log_q = Normal(model.reader.double() @ row, model.spread.double()).log_prob(own).sum(dim=1)
        assert float(found.log_likelihood[i]) == pytest.approx(float((log_p - log_q).exp().mean().log()), abs=1e-4)


def test_chunks_change_neither_the_draws_nor_the_bound_and_hold_the_memory_down():
    images, model = data(), blurred()
    index = np.arange(40)
    whole = bounds(EncodedSubject(model, images), index, particles=600, seed=0, rows=10_000)
    model.decoded = 0
    chunks = bounds(EncodedSubject(model, images), index, particles=600, seed=0, rows=7)
    assert model.decoded == 7
    torch.testing.assert_close(chunks.log_likelihood, whole.log_likelihood, atol=1e-5, rtol=0)
    torch.testing.assert_close(chunks.elbo, whole.elbo, atol=1e-5, rtol=0)


def test_the_seed_alone_decides_images_and_particles():
    images = data()
    first = score(blurred(), images, seed=1, num_images=10, particles=5)
    assert first == score(blurred(), images, seed=1, num_images=10, particles=5)
    assert first["value"] != score(blurred(), images, seed=2, num_images=10, particles=5)["value"]
    assert first["num_images"] == 10
    assert score(blurred(), images, num_images=500, particles=5)["num_images"] == 40
    json.dumps(first, allow_nan=False)


def test_the_global_generator_and_the_mode_of_the_model_are_left_alone():
    model = blurred().train()
    before = torch.get_rng_state()
    score(model, data(), particles=2)
    assert torch.equal(torch.get_rng_state(), before)
    assert model.training


def test_a_prior_without_density_where_the_posterior_has_some_is_an_error():
    model = blurred()
    model.prior = Prior((Uniform(3),))
    with pytest.raises(DevalError, match="NaN or infinity"):
        score(model, data())


@pytest.mark.parametrize("fault", [float("nan"), 0.0])
def test_a_posterior_that_is_broken_is_an_error(fault):
    model = blurred()
    model.posterior = lambda x: Normal(torch.zeros(len(x), 3), torch.full((len(x), 3), fault), validate_args=False)
    with pytest.raises(DevalError, match="score an earlier checkpoint"):
        score(model, data())
