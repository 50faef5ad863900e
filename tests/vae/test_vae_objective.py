"""The losses of the family against a plain float64 evaluation of what the networks put out."""

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from scipy.stats import norm
from vae_tiny import (
    AAE,
    BATCH,
    DATA_SIZE,
    DIPVAEI,
    DIPVAEII,
    IMAGE,
    LATENT,
    MODELS,
    VAE,
    AdaGVAE,
    AnnealedVAE,
    BetaTCVAE,
    BetaVAE,
    FactorVAE,
    tiny,
)

from deval_vae.annealed_vae import capacity_at
from disentangle_eval.runtime.draws import GeneratorDraw
from disentangle_eval.testing import RecordedStep, record_calls


def double(tensor):
    return tensor.detach().double().numpy()


class Played:
    """One loss call of a tiny model and, in float64, what its networks saw and said."""

    def __init__(self, model, iteration=0, **settings):
        self.model = tiny(model, **settings)
        self.step = RecordedStep(BATCH, IMAGE, iteration=iteration, data_size=DATA_SIZE)
        self.calls = record_calls(self.model, dict(self.model.named_children()))
        self.losses = self.model.losses(self.step)
        self.x = double(self.step.handed["images"][0])
        self.noise = [double(noise) for noise in self.step.handed["normal"]]
        self.mean, self.log_variance = np.split(double(self.calls["encoder"][0][1]), 2, axis=1)
        self.sd = np.exp(self.log_variance / 2)
        self.z = self.mean + self.sd * self.noise[0]
        self.logits = double(self.calls["decoder"][0][1])

    @property
    def reconstruction(self):
        p = 1 / (1 + np.exp(-self.logits))
        return -(self.x * np.log(p) + (1 - self.x) * np.log(1 - p)).sum(axis=(1, 2, 3)).mean()

    @property
    def kl(self):
        return (-np.log(self.sd) + (self.sd**2 + self.mean**2) / 2 - 0.5).mean(axis=0)

    def expect(self, totals, terms):
        shared = {"reconstruction": self.reconstruction, "kl": self.kl, "total_kl": self.kl.sum()}
        for found, expected in ((self.losses.total, totals), (self.losses.terms, {**shared, **terms})):
            assert set(found) == set(expected)
            for name, value in expected.items():
                np.testing.assert_allclose(double(found[name]), value, rtol=2e-4, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("model", [model for model in MODELS if model is not AdaGVAE])
def test_the_decoder_gets_a_reparameterised_sample_of_the_encoded_images(model):
    played = Played(model)
    np.testing.assert_array_equal(double(played.calls["encoder"][0][0]), played.x)
    np.testing.assert_allclose(double(played.calls["decoder"][0][0]), played.z, rtol=1e-5, atol=1e-6)
    assert len(played.calls["decoder"]) == 1


def test_vae():
    played = Played(VAE)
    played.expect({"vae": played.reconstruction + played.kl.sum()}, {})


def test_beta_vae():
    played = Played(BetaVAE, beta=3.5)
    played.expect({"vae": played.reconstruction + 3.5 * played.kl.sum()}, {})


@pytest.mark.parametrize(("iteration", "capacity"), [(0, 0.0), (5, 45.0), (10, 90.0), (1000, 90.0)])
def test_annealed_vae_on_both_sides_of_its_capacity(iteration, capacity):
    played = Played(AnnealedVAE, iteration, gamma=7.0, capacity=90.0, capacity_iterations=10)
    assert 0 < played.kl.sum() < 45
    distance = abs(played.kl.sum() - capacity)
    played.expect({"vae": played.reconstruction + 7 * distance}, {"capacity": capacity})


def test_the_capacity_rises_linearly_and_then_stays():
    cfg = tiny(AnnealedVAE, capacity=25.0, capacity_iterations=100_000).cfg
    reached = [capacity_at(cfg, torch.tensor(iteration)).item() for iteration in (0, 1, 50_000, 100_000, 300_000)]
    assert reached == pytest.approx([0, 25e-5, 12.5, 25, 25])


def contrast(played):
    """Mean of l0 - l1 over the latents, D's cross-entropy and its accuracy, from D's own logits."""
    (_, on_z), (judged, on_both) = played.calls["discriminator"]
    on_z, judged, on_both = double(on_z), double(judged), double(on_both)
    log_p = on_both - logsumexp(on_both, axis=1, keepdims=True)
    entropy = -0.5 * log_p[:BATCH, 0].mean() - 0.5 * log_p[BATCH:, 1].mean()
    right = on_both.argmax(axis=1) == np.repeat([0, 1], BATCH)
    np.testing.assert_allclose(judged[:BATCH], played.z, rtol=1e-5, atol=1e-6)
    return (on_z[:, 0] - on_z[:, 1]).mean(), entropy, right.mean(), judged[BATCH:]


@pytest.mark.parametrize("second_batch", [True, False])
def test_factorvae(second_batch):
    played = Played(FactorVAE, gamma=6.5, second_batch=second_batch)
    correlation, entropy, accuracy, shuffled = contrast(played)
    played.expect(
        {"vae": played.reconstruction + played.kl.sum() + 6.5 * correlation, "discriminator": entropy},
        {"total_correlation": correlation, "discriminator_accuracy": accuracy},
    )
    others = played.z
    assert len(played.step.handed["images"]) == len(played.calls["encoder"]) == 1 + second_batch
    if second_batch:
        x, encoded = played.calls["encoder"][1]
        np.testing.assert_array_equal(double(x), double(played.step.handed["images"][1]))
        mean, log_variance = np.split(double(encoded), 2, axis=1)
        others = mean + np.exp(log_variance / 2) * played.noise[1]
    (order,) = played.step.handed["permutation"]
    expected = np.stack([others[order[:, d], d] for d in range(LATENT)], axis=1)
    np.testing.assert_allclose(shuffled, expected, rtol=1e-5, atol=1e-6)


def test_factorvae_that_matches_the_prior():
    played = Played(FactorVAE, gamma=6.5, match="prior")
    divergence, entropy, accuracy, others = contrast(played)
    played.expect(
        {"vae": played.reconstruction + played.kl.sum() + 6.5 * divergence, "discriminator": entropy},
        {"aggregate_kl": divergence, "discriminator_accuracy": accuracy},
    )
    assert len(played.step.handed["images"]) == 1
    np.testing.assert_allclose(others, double(played.step.handed["normal"][-1]), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("iteration", "share"), [(0, 0.0), (5, 0.25), (20, 1.0), (900, 1.0)])
def test_the_weight_of_factorvae_s_total_correlation_may_rise_from_0(iteration, share):
    played = Played(FactorVAE, iteration=iteration, gamma=4.0, gamma_iterations=20)
    penalty = played.losses.total["vae"] - played.losses.terms["reconstruction"] - played.losses.terms["total_kl"]
    expected = share * 4.0 * double(played.losses.terms["total_correlation"])
    np.testing.assert_allclose(double(penalty), expected, rtol=1e-3, atol=1e-3)


def test_factorvae_permutes_each_dimension_by_itself():
    order = GeneratorDraw(0).permutation(BATCH, LATENT)
    assert (order.sort(dim=0).values == torch.arange(BATCH)[:, None]).all()
    assert len({tuple(column) for column in order.T.tolist()}) == LATENT


def test_aae_has_no_posterior_kl_and_compares_with_the_prior():
    played = Played(AAE, gamma=6.5)
    divergence, entropy, accuracy, other = contrast(played)
    played.expect(
        {"vae": played.reconstruction + 6.5 * divergence, "discriminator": entropy},
        {"aggregate_kl": divergence, "discriminator_accuracy": accuracy},
    )
    np.testing.assert_allclose(other, played.noise[1], rtol=1e-6)


def weight(i, j, stratified):
    if not stratified:
        return 1 / (BATCH * DATA_SIZE)
    others = BATCH - 1
    if i == j:
        return 1 / DATA_SIZE
    return (DATA_SIZE - others) / (DATA_SIZE * others) if j == (i + 1) % BATCH else 1 / others


def decomposed(played, stratified):
    """Mutual information, total correlation and dimension-wise KL, each density by itself."""
    z, mean, sd = played.z, played.mean, played.sd
    aggregate, marginals, conditional = np.zeros(BATCH), np.zeros((BATCH, LATENT)), np.zeros(BATCH)
    for i in range(BATCH):
        conditional[i] = sum(norm.logpdf(z[i, d], mean[i, d], sd[i, d]) for d in range(LATENT))
        for j in range(BATCH):
            densities = [norm.pdf(z[i, d], mean[j, d], sd[j, d]) for d in range(LATENT)]
            aggregate[i] += weight(i, j, stratified) * np.prod(densities)
            for d in range(LATENT):
                marginals[i, d] += weight(i, j, stratified) * densities[d]
    log_aggregate, log_marginals = np.log(aggregate), np.log(marginals).sum(axis=1)
    return (
        (conditional - log_aggregate).mean(),
        (log_aggregate - log_marginals).mean(),
        (log_marginals - norm.logpdf(z).sum(axis=1)).mean(),
    )


@pytest.mark.parametrize("stratified", [False, True])
def test_beta_tcvae_by_brute_force(stratified):
    """The setting chooses the weights that train; the log has stratified ones in any case."""
    played = Played(BetaTCVAE, beta=4.5, stratified=stratified)
    trained = decomposed(played, stratified)[1]
    information, correlation, dimension_wise = decomposed(played, True)
    played.expect(
        {"vae": played.reconstruction + played.kl.sum() + 3.5 * trained},
        {
            "mutual_information": information,
            "total_correlation": correlation,
            "dimension_wise_kl": dimension_wise,
        },
    )


@pytest.mark.parametrize(("model", "variances"), [(DIPVAEI, False), (DIPVAEII, True)])
def test_dip_vae(model, variances):
    played = Played(model, lambda_od=2.5, lambda_d=4.5)
    covariance = np.cov(played.mean.T, bias=True)
    if variances:
        covariance += np.diag(np.exp(played.log_variance).mean(axis=0))
    pairs = [(i, j) for i in range(LATENT) for j in range(LATENT) if i != j]
    off_diagonal = sum(covariance[pair] ** 2 for pair in pairs)
    diagonal = sum((covariance[i, i] - 1) ** 2 for i in range(LATENT))
    played.expect(
        {"vae": played.reconstruction + played.kl.sum() + 2.5 * off_diagonal + 4.5 * diagonal},
        {"covariance_off_diagonal": off_diagonal, "covariance_diagonal": diagonal},
    )
