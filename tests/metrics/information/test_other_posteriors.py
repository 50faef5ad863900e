"""iwae and elbo-decomposition of posteriors and priors that are not normal, where the likelihood is known exactly."""

import math

import numpy as np
import pytest
import torch
from gaussian_models import VectorData
from torch import nn
from torch.distributions import (
    Categorical,
    Independent,
    Laplace,
    MixtureSameFamily,
    Normal,
    OneHotCategorical,
    kl_divergence,
)

from disentangle_eval import latents
from disentangle_eval.config import build
from disentangle_eval.errors import UsageError
from disentangle_eval.latents import continuous
from disentangle_eval.metrics.independence.config import TotalCorrelationConfig
from disentangle_eval.metrics.independence.tc import TotalCorrelationMetric
from disentangle_eval.metrics.information.config import ELBODecompositionConfig, IWAEConfig
from disentangle_eval.metrics.information.elbo_decomposition import ELBODecompositionMetric
from disentangle_eval.metrics.information.iwae import IWAEMetric, bounds
from disentangle_eval.metrics.subject import EncodedSubject
from disentangle_eval.metrics.toolbox.posteriors import mean_posterior_kl
from disentangle_eval.nn.categorical import ProductDistribution

CENTRES = torch.tensor([[0.0, 0.0], [2.0, 0.5], [-1.0, 1.5]])
PARTS = ("mutual_information", "total_correlation", "dimension_wise_kl")


class Clusters(nn.Module):
    """x = centre of a class + N(0, 1); its posterior is the true one."""

    code = (latents.Categorical(3),)
    prior = latents.Prior((latents.OneHot(3),))

    def encode(self, x):
        return self.posterior(x).probs.argmax(dim=1, keepdim=True).float()

    def posterior(self, x):
        return OneHotCategorical(logits=Normal(CENTRES, 1.0).log_prob(x.flatten(1)[:, None]).sum(dim=2))

    def generate(self, z, draw=None):
        return (z @ CENTRES)[:, None, None]

    def log_likelihood(self, x, z):
        return Normal(z @ CENTRES, 1.0).log_prob(x.flatten(1)).sum(dim=1)

    def log_marginal(self, rows):
        return (Normal(CENTRES, 1.0).log_prob(rows[:, None]).sum(dim=2) - math.log(3)).logsumexp(dim=1)


class TwoBumps:
    """A prior of one's own: half N(-2, 0.5^2), half N(2, 0.5^2)."""

    dim = 1

    def distribution(self):
        bumps = Independent(Normal(torch.tensor([[-2.0], [2.0]]), 0.5), 1)
        return MixtureSameFamily(Categorical(torch.ones(2)), bumps)

    def log_prob(self, z):
        return self.distribution().log_prob(z.float())

    def sample(self, draw, batch):
        raise NotImplementedError


class BimodalModel(nn.Module):
    """x = z + N(0, 1) under the bimodal prior; the true posterior is a mixture of two normal distributions."""

    code = continuous(1)

    def __init__(self):
        super().__init__()
        self.prior = TwoBumps()

    def encode(self, x):
        return self.posterior(x).mean

    def posterior(self, x):
        x = x.flatten(1)
        means, variance = torch.tensor([-2.0, 2.0]), 1 / (1 / 0.25 + 1)
        weights = Normal(means, math.sqrt(1.25)).log_prob(x)
        bumps = Independent(Normal((variance * (means / 0.25 + x))[:, :, None], variance**0.5), 1)
        return MixtureSameFamily(Categorical(logits=weights), bumps)

    def generate(self, z, draw=None):
        return z[:, None, None]

    def log_likelihood(self, x, z):
        return Normal(z, 1.0).log_prob(x.flatten(1)).sum(dim=1)

    def log_marginal(self, rows):
        return Normal(torch.tensor([-2.0, 2.0]), math.sqrt(1.25)).log_prob(rows).logsumexp(dim=1) - math.log(2)


class Joint(nn.Module):
    """Two classes and two normal dimensions, read off the three pixels; the posterior is not the true one."""

    code = (latents.Categorical(2), *continuous(2))
    prior = latents.Prior((latents.OneHot(2), latents.Normal(2)))

    def encode(self, x):
        x = x.flatten(1)
        return torch.cat([(x[:, :1] > 0).float(), x[:, 1:]], dim=1)

    def posterior(self, x):
        x = x.flatten(1)
        logits = torch.cat([torch.zeros_like(x[:, :1]), 3 * x[:, :1]], dim=1)
        return ProductDistribution([OneHotCategorical(logits=logits), Independent(Normal(x[:, 1:], 0.4), 1)])

    def generate(self, z, draw=None):
        return z[:, None, None]

    def log_likelihood(self, x, z):
        return Normal(z[:, 1:], 1.0).log_prob(x.flatten(1)).sum(dim=1)


def rows(n, width, seed=0, spread=1.5):
    return spread * torch.randn(n, width, generator=torch.Generator().manual_seed(seed))


def decomposed(model, images, seed=0, **settings):
    cfg = build(ELBODecompositionConfig, {"num_samples": 500, **settings})
    return ELBODecompositionMetric(cfg).score(EncodedSubject(model, images), seed).values


@pytest.mark.parametrize(("model", "width"), [(Clusters(), 2), (BimodalModel(), 1)])
def test_under_the_true_posterior_every_bound_is_the_likelihood(model, width):
    images = VectorData(rows(40, width))
    found = bounds(EncodedSubject(model, images), np.arange(40), particles=3, seed=0)
    likelihood = model.log_marginal(images.rows).double()
    torch.testing.assert_close(found.log_likelihood, likelihood, atol=1e-4, rtol=0)
    torch.testing.assert_close(found.elbo, likelihood, atol=1e-4, rtol=0)


@pytest.mark.parametrize(("model", "width"), [(Clusters(), 2), (BimodalModel(), 1)])
def test_the_decomposition_holds_under_the_true_posterior_too(model, width):
    images = VectorData(rows(60, width))
    values = decomposed(model, images, num_samples=3000)
    assert sum(values[part] for part in PARTS) == pytest.approx(values["kl"], abs=1e-6)
    likelihood = float(model.log_marginal(images.rows).mean())
    assert values["value"] == pytest.approx(likelihood, abs=4 * values["standard_error"] + 1e-3)
    # One part alone: nothing is correlated with it.
    assert values["total_correlation"] == pytest.approx(0, abs=1e-9)


def test_information_and_kl_of_classes_are_those_of_closed_form():
    images, model = VectorData(rows(60, 2)), Clusters()
    probs = model.posterior(images.rows).probs.double()
    aggregate = probs.mean(dim=0)
    information = float((probs * (probs.log() - aggregate.log())).sum(dim=1).mean())
    from_prior = float((aggregate * (aggregate.log() + math.log(3))).sum())
    values = decomposed(model, images, num_samples=6000)
    assert values["mutual_information"] == pytest.approx(
        information, abs=4 * values["mutual_information_standard_error"]
    )
    assert values["dimension_wise_kl"] == pytest.approx(from_prior, abs=4 * values["dimension_wise_kl_standard_error"])
    assert values["exact_kl"] == pytest.approx(information + from_prior, abs=1e-6)
    assert len(values["dimension_wise_kl_by_dimension"]) == 1


def test_a_tiny_joint_latent_equals_plain_loops(monkeypatch):
    judged, images = Joint(), VectorData(rows(5, 3, seed=2))
    pairs = []
    density = judged.log_likelihood
    monkeypatch.setattr(judged, "log_likelihood", lambda x, z: pairs.append((x, z)) or density(x, z))
    values = decomposed(judged, images, num_samples=7)
    ((x, z),) = pairs

    parts, by_dimension = np.zeros(3), np.zeros(3)
    for s, sample in enumerate(z.double()):
        classes = [
            Categorical(logits=torch.tensor([0.0, 3 * float(row[0])])).log_prob(sample[1]) for row in images.rows
        ]
        normals = [Normal(row[1:].double(), 0.4).log_prob(sample[2:]) for row in images.rows]
        log_q = np.array([[float(c), *n.tolist()] for c, n in zip(classes, normals, strict=True)])
        (own,) = [n for n, row in enumerate(images.rows) if torch.equal(row, x[s].flatten())]
        joint = np.log(np.mean(np.exp(log_q.sum(axis=1))))
        marginals = np.log(np.mean(np.exp(log_q), axis=0))
        log_p = np.array([-math.log(2), *Normal(0, 1).log_prob(sample[2:]).tolist()])
        parts += [log_q[own].sum() - joint, joint - marginals.sum(), (marginals - log_p).sum()]
        by_dimension += marginals - log_p
    assert [values[part] for part in PARTS] == pytest.approx(list(parts / 7), abs=1e-4)
    assert values["dimension_wise_kl_by_dimension"] == pytest.approx(list(by_dimension / 7), abs=1e-4)


def test_tc_is_that_of_the_decomposition_and_refuses_a_posterior_of_one_part():
    images = VectorData(rows(30, 3))
    metric = TotalCorrelationMetric(build(TotalCorrelationConfig, {"num_samples": 200}))
    found = metric.score(EncodedSubject(Joint(), images), 4).values
    assert found["value"] == decomposed(Joint(), images, 4, num_samples=200)["total_correlation"]
    with pytest.raises(UsageError, match=r"received MixtureSameFamily, expected a posterior of two independent parts"):
        metric.score(EncodedSubject(BimodalModel(), VectorData(rows(30, 1))), 0)


def test_a_posterior_of_single_numbers_that_is_no_normal_one_is_taken_dimension_by_dimension():
    class Peaked(Joint):
        prior = latents.Prior((latents.Normal(3),))

        def posterior(self, x):
            return Laplace(x.flatten(1), 0.3)

        def log_likelihood(self, x, z):
            return Normal(z, 1.0).log_prob(x.flatten(1)).sum(dim=1)

    images = VectorData(rows(50, 3))
    values = decomposed(Peaked(), images)
    metric = IWAEMetric(build(IWAEConfig, {"particles": 400}))
    elbo = metric.score(EncodedSubject(Peaked(), images), 0).values["elbo"]
    assert len(values["dimension_wise_kl_by_dimension"]) == 3
    assert values["exact_kl"] is None
    assert values["value"] == pytest.approx(elbo, abs=4 * values["standard_error"])


def test_relaxed_classes_under_a_prior_of_classes_are_refused():
    class Relaxed(Clusters):
        def posterior(self, x):
            return Independent(Normal(super().posterior(x).probs, 0.1), 1)

    with pytest.raises(UsageError, match=r"received a prior with OneHot\(classes=3\)"):
        decomposed(Relaxed(), VectorData(rows(20, 2)))


def test_both_are_repeated_by_the_seed_and_leave_the_global_generator_alone():
    images, before = VectorData(rows(30, 3)), torch.get_rng_state()
    first, again, other = (decomposed(Joint(), images, seed, num_samples=50) for seed in (1, 1, 2))
    assert first == again != other
    metric = IWAEMetric(build(IWAEConfig, {"particles": 5}))
    assert metric.score(EncodedSubject(Joint(), images), 3) == metric.score(EncodedSubject(Joint(), images), 3)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_kl_by_code_dimension_of_a_joint_posterior_is_that_of_its_parts():
    images, model = VectorData(rows(30, 3)), Joint()
    found = mean_posterior_kl(EncodedSubject(model, images), np.arange(30))
    q = model.posterior(images.rows)
    uniform = Categorical(torch.ones(30, 2))
    expected = [
        float(kl_divergence(Categorical(logits=q.parts[0].logits), uniform).mean()),
        *kl_divergence(q.parts[1].base_dist, Normal(torch.zeros(30, 2), 1.0)).mean(dim=0).tolist(),
    ]
    assert found == pytest.approx(expected, abs=1e-5)
