"""The plain GAN and the InfoGAN of IB-GAN's study: losses, who learns from what, and what they offer."""

import numpy as np
import pytest
import torch
from ibgan_tiny import BATCH
from lively import lively
from scipy.stats import norm

from deval_ibgan.config import GANConfig, IBGANConfig, InfoGANConfig
from deval_ibgan.gan import GAN
from deval_ibgan.infogan import InfoGAN
from deval_ibgan.model import IBGAN
from disentangle_eval.api import (
    Bottleneck,
    Encoder,
    Generator,
    ImageShape,
    LowerBound,
    Posterior,
    Reconstructor,
    Traversable,
)
from disentangle_eval.config import build, resolve
from disentangle_eval.runtime.draws import GeneratorDraw
from disentangle_eval.testing import RecordedStep, check_model, parametrize_checks, record_calls
from disentangle_eval.training.players import build_players

GREY = ImageShape(1, 64, 64)
TINY = {"z_dim": 5, "generator_width": 2, "discriminator_width": 2, "batch_size": BATCH}
NETWORKS = ("generator", "trunk", "discriminator", "reconstructor")
BOTH = pytest.mark.parametrize("kind", [GAN, InfoGAN])


def tiny(kind, **settings):
    torch.manual_seed(0)
    config = {GAN: GANConfig, InfoGAN: InfoGANConfig}[kind]
    return lively(kind(build(config, {**TINY, **settings}), GREY))


def double(tensor):
    return tensor.detach().double().numpy()


def bce(logit, target):
    return np.mean(np.logaddexp(0, double(logit)) - target * double(logit))


@BOTH
@pytest.mark.parametrize("variant", ["small", "big"])
def test_every_term_and_all_totals(kind, variant):
    lambda_ = 0.3
    settings = {"lambda_": lambda_} if kind is InfoGAN else {}
    model = tiny(kind, variant=variant, noise_start=0.9, noise_iterations=21, **settings).train()
    step = RecordedStep(BATCH, GREY, iteration=7)
    calls = record_calls(model, NETWORKS)
    losses = model.losses(step)

    z, eps_fake, eps_real = (double(noise) for noise in step.handed["normal"])
    ((g_in, drawn),) = calls["generator"]
    np.testing.assert_array_equal(double(g_in), z)
    sigma = 0.9 * (1 - (7 / 20 if variant == "small" else 8 / 21))
    (fake_in, fake_features), (real_in, _) = calls["trunk"]
    np.testing.assert_allclose(double(fake_in), np.clip(double(drawn) + sigma * eps_fake, -1, 1), atol=1e-5)
    real = 2 * double(step.handed["images"][0]) - 1
    np.testing.assert_allclose(double(real_in), np.clip(real + sigma * eps_real, -1, 1), atol=1e-5)
    ((_, fake_logit), (_, real_logit)), ((q_in, z_hat),) = calls["discriminator"], calls["reconstructor"]
    assert torch.equal(q_in, fake_features)

    lower = np.mean(np.sum(norm.logpdf(z, double(z_hat), 1) - norm.logpdf(z, 0, 1), axis=1))
    expected = {
        "discriminator_real": bce(real_logit, 1),
        "discriminator_fake": bce(fake_logit, 0),
        "generator_adversarial": bce(fake_logit, 1),
        "lower_bound": lower,
        "noise": sigma,
    }
    assert set(losses.terms) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(double(losses.terms[name]), value, rtol=1e-4, atol=1e-5, err_msg=name)
    totals = {"discriminator": bce(real_logit, 1) + bce(fake_logit, 0)}
    if kind is GAN:
        totals |= {"generator": bce(fake_logit, 1), "reconstructor": -lower}
    else:
        totals |= {"generator": bce(fake_logit, 1) - lambda_ * lower}
    assert set(losses.total) == set(totals) == set(model.rounds()[0].players)
    for name, value in totals.items():
        np.testing.assert_allclose(double(losses.total[name]), value, rtol=1e-4, err_msg=name)


def reached(loss, model):
    found = set()
    for name in NETWORKS:
        parameters = list(getattr(model, name).parameters())
        if parameters:
            gradients = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
            found |= {name for gradient in gradients if gradient is not None and gradient.any()}
    return found


@pytest.mark.parametrize("variant", ["small", "big"])
def test_nobody_but_q_learns_from_q_in_the_plain_gan(variant):
    model = tiny(GAN, variant=variant)
    losses = model.losses(RecordedStep(BATCH, GREY))
    assert reached(losses.total["reconstructor"], model) == {"reconstructor"}
    assert "reconstructor" not in reached(losses.total["generator"], model)
    assert "reconstructor" not in reached(losses.total["discriminator"], model)


@pytest.mark.parametrize("variant", ["small", "big"])
def test_g_learns_from_q_in_infogan(variant):
    model = tiny(InfoGAN, variant=variant)
    bound = reached(model.losses(RecordedStep(BATCH, GREY)).terms["lower_bound"], model)
    assert bound == {"generator", "reconstructor"} | ({"trunk"} if variant == "big" else set())


@BOTH
def test_the_trunk_belongs_to_d_and_q_steps_at_the_generators_rate(kind):
    model = tiny(kind, variant="big", lr=3e-4, lr_discriminator=7e-6)
    owner = {id(p): name for name in NETWORKS for p in getattr(model, name).parameters()}
    players = build_players(model)
    owned = {name: {owner[id(p)] for p in player.parameters} for name, player in players.items()}
    q = {"generator": {"generator"}, "reconstructor": {"reconstructor"}}
    together = {"generator": {"generator", "reconstructor"}}
    assert owned == {"discriminator": {"trunk", "discriminator"}, **(q if kind is GAN else together)}
    for name, player in players.items():
        assert isinstance(player.optimiser, torch.optim.RMSprop)
        rate = 7e-6 if name == "discriminator" else 3e-4
        assert {(group["lr"], group["momentum"]) for group in player.optimiser.param_groups} == {(rate, 0.9)}


@BOTH
def test_networks_are_those_of_ibgan_with_noise_in_place_of_r(kind):
    with torch.device("meta"):
        baseline = kind(resolve({GAN: GANConfig, InfoGAN: InfoGANConfig}[kind], "dsprites", None, {}), GREY)
        ibgan = IBGAN(build(IBGANConfig, {"z_dim": 10, "r_dim": 10}), GREY)
    for name in NETWORKS:
        shapes = [[tuple(p.shape) for p in getattr(model, name).parameters()] for model in (baseline, ibgan)]
        assert shapes[0] == shapes[1], name


@BOTH
def test_a_code_is_the_mean_of_q_and_the_posterior_has_unit_variance(kind):
    model = tiny(kind).eval()
    x = torch.rand(4, *GREY, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        codes = model.encode(x)
        torch.testing.assert_close(codes, model.reconstructor(2 * x - 1))
        posterior = model.posterior(x)
        assert torch.equal(posterior.mean, codes)
        assert (posterior.stddev == 1).all()
        images = model.generate(codes, GeneratorDraw(0))
        torch.testing.assert_close(images, (model.generator(codes) + 1) / 2)
        assert torch.equal(model.reconstruct(x), images)
    assert len(model.code) == 5
    offered = (Encoder, Posterior, Generator, LowerBound, Reconstructor, Traversable)
    assert all(isinstance(model, what) for what in offered)
    assert not isinstance(model, Bottleneck)


@BOTH
@pytest.mark.parametrize("iteration", [None, 7])
def test_lower_bound_reads_z_from_an_image_under_the_noise_of_that_iteration(kind, iteration):
    model = tiny(kind, noise_start=0.9, noise_iterations=21).eval()
    z = GeneratorDraw(0).normal(4, 5)
    with torch.no_grad():
        x = model.generator(z)
        if iteration is not None:
            x = (x + 0.9 * (1 - 7 / 20) * GeneratorDraw(1).normal(4, *GREY)).clamp(-1, 1)
        z_hat = double(model.reconstructor(x))
        bound = double(model.lower_bound(z, GeneratorDraw(1), iteration))
    np.testing.assert_allclose(bound, norm.logpdf(z, z_hat, 1) - norm.logpdf(z, 0, 1), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dataset", IBGANConfig.presets["reference"])
def test_presets_are_ibgans_own_without_its_bottleneck(dataset):
    ours, theirs = resolve(GANConfig, dataset, None, {}), resolve(IBGANConfig, dataset, None, {})
    shared = set(GANConfig.model_fields) - {"z_dim"}
    assert {name: getattr(ours, name) for name in shared} == {name: getattr(theirs, name) for name in shared}
    assert ours.z_dim == 10
    assert resolve(InfoGANConfig, dataset, None, {}).model_dump() == {**ours.model_dump(), "lambda_": 1.0}


@parametrize_checks("ibgan-gan", config={"generator_width": 2, "discriminator_width": 2, "z_dim": 4})
def test_conformance_of_the_gan(check):
    check()


def test_conformance_of_the_infogan_in_its_big_variant():
    settings = {"generator_width": 2, "discriminator_width": 2, "z_dim": 4, "variant": "big", "label_smoothing": True}
    outcomes = check_model("ibgan-infogan", image=(3, 64, 64), config=settings)
    assert [outcome for outcome in outcomes if outcome.status == "failed"] == []
