"""The losses of IB-GAN against a plain float64 evaluation of what the networks put out."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from ibgan_tiny import BATCH, IMAGE, NETWORKS, tiny_ibgan
from scipy.stats import norm

from deval_ibgan.bounds import lower_bound
from deval_ibgan.game import noise_level
from disentangle_eval.nn.augmenting import random_affine
from disentangle_eval.testing import RecordedStep, record_calls


def double(tensor):
    return tensor.detach().double().numpy()


def bce(logit, target):
    """Mean binary cross-entropy of a logit."""
    return np.mean(np.logaddexp(0, logit) - target * logit)


@pytest.mark.parametrize("variant", ["small", "big"])
@pytest.mark.parametrize("smoothing", [False, True])
@pytest.mark.parametrize("iteration", [0, 7, 500])
def test_every_term_and_both_totals(variant, smoothing, iteration):
    beta, gamma = 0.37, 1.7
    model = tiny_ibgan(
        variant=variant,
        label_smoothing=smoothing,
        beta=beta,
        gamma=gamma,
        noise_start=0.9,
        noise_end=0.0,
        noise_iterations=21,
    ).train()
    step = RecordedStep(BATCH, IMAGE, iteration=iteration)
    calls = record_calls(model, NETWORKS)
    losses = model.losses(step)

    # draws: z and the noise of r by their shapes, then the instance noise of fake and real
    z, epsilon = (next(double(n) for n in step.handed["normal"] if n.shape == (BATCH, k)) for k in (5, 3))
    eps_fake, eps_real = (double(n) for n in step.handed["normal"] if n.dim() == 4)
    (images,) = (double(x) for x in step.handed["images"])
    assert len(step.handed["uniform"]) == smoothing

    ((e_in, (mean, log_variance)),) = calls["encoder"]
    ((g_in, drawn),) = calls["generator"]
    mean, log_variance = double(mean), double(log_variance)
    np.testing.assert_array_equal(double(e_in), z)
    np.testing.assert_allclose(double(g_in), mean + np.exp(log_variance / 2) * epsilon, atol=1e-5)

    # the two domains pass D in calls of their own; the same noisy fake feeds D and q
    t, span = iteration + 1, 21
    share = (t - 1) / (span - 1) if variant == "small" else t / span
    sigma = max(0.0, 0.9 * (1 - share))
    noisy_fake = np.clip(double(drawn) + sigma * eps_fake, -1, 1)
    noisy_real = np.clip(2 * images - 1 + sigma * eps_real, -1, 1)
    (fake_in, fake_features), (real_in, real_features) = calls["trunk"]
    np.testing.assert_allclose(double(fake_in), noisy_fake, atol=1e-5)
    np.testing.assert_allclose(double(real_in), noisy_real, atol=1e-5)
    (d_fake_in, fake_logit), (d_real_in, real_logit) = calls["discriminator"]
    ((q_in, z_hat),) = calls["reconstructor"]
    assert d_fake_in is q_in is fake_features
    assert d_real_in is real_features

    fake_logit, real_logit, z_hat = double(fake_logit), double(real_logit), double(z_hat)
    real_target = 0.7 + 0.5 * double(step.handed["uniform"][0]) if smoothing else 1.0
    d_fake, d_real, adversarial = bce(fake_logit, 0), bce(real_logit, real_target), bce(fake_logit, 1)
    lower = np.mean(np.sum(norm.logpdf(z, z_hat, 1) - norm.logpdf(z, 0, 1), axis=1))
    kl = np.mean(0.5 * (mean**2 + np.exp(log_variance) - log_variance - 1), axis=0)
    expected = {
        "discriminator_real": d_real,
        "discriminator_fake": d_fake,
        "generator_adversarial": adversarial,
        "lower_bound": lower,
        "upper_bound": kl.sum(),
        "kl": kl,
        "noise": sigma,
    }
    assert set(losses.terms) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(double(losses.terms[name]), value, rtol=1e-4, atol=1e-5, err_msg=name)
    np.testing.assert_allclose(double(losses.total["discriminator"]), d_fake + d_real, rtol=1e-4)
    np.testing.assert_allclose(
        double(losses.total["generator"]), gamma * adversarial - lower + beta * kl.sum(), rtol=1e-4
    )


def test_lower_bound_is_the_difference_of_two_gaussian_log_densities():
    z, z_mean = torch.randn(2, 50, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = (norm.logpdf(z, z_mean, 1) - norm.logpdf(z, 0, 1)).sum(axis=1).mean()
    assert lower_bound(z, z_mean).item() == pytest.approx(expected)
    assert lower_bound(z, z).item() == pytest.approx(0.5 * z.square().sum(dim=1).mean().item())


@pytest.mark.parametrize(
    ("variant", "iteration", "expected"),
    [
        ("small", 0, 0.8),
        ("small", 5, 0.8 - 0.6 * 5 / 10),
        ("small", 10, 0.2),
        ("small", 11, 0.2),
        ("small", 1_000_000, 0.2),
        ("big", 0, 0.8 - 0.6 / 11),
        ("big", 5, 0.8 - 0.6 * 6 / 11),
        ("big", 10, 0.2),
        ("big", 11, 0.2),
        ("big", 1_000_000, 0.2),
    ],
)
def test_noise_anneals_linearly_as_each_solver_counts_and_then_stays(variant, iteration, expected):
    cfg = tiny_ibgan(variant=variant, noise_start=0.8, noise_end=0.2, noise_iterations=11).cfg
    assert noise_level(cfg, torch.tensor(iteration)).item() == pytest.approx(expected, rel=1e-6)


def with_bottleneck_mean(level, **settings):
    """A model whose e(r|z) is N(level, 1) in all 3 dimensions, so that I_U is 1.5 level^2."""
    model = tiny_ibgan(beta=0.0, **settings)
    last = model.encoder.layers[-1]
    with torch.no_grad():
        last.weight.zero_()
        last.bias.copy_(torch.tensor([level] * 3 + [0.0] * 3))
    return model


@pytest.mark.parametrize(("level", "rate_ceiling", "extra"), [(4.0, True, 2400.0), (4.0, False, 0.0), (3.5, True, 0.0)])
def test_rate_ceiling_pushes_back_from_20_nats_only_when_asked(level, rate_ceiling, extra):
    losses = with_bottleneck_mean(level, rate_ceiling=rate_ceiling).losses(RecordedStep(BATCH, IMAGE))
    terms = losses.terms
    assert terms["upper_bound"].item() == pytest.approx(1.5 * level**2)
    without = terms["generator_adversarial"] - terms["lower_bound"]
    assert (losses.total["generator"] - without).item() == pytest.approx(extra, abs=1e-3)


@pytest.mark.parametrize("variant", ["small", "big"])
def test_real_images_through_q_change_its_batch_statistics_and_no_loss(variant):
    plain, both = (tiny_ibgan(variant=variant, real_through_q=on).train() for on in (False, True))
    calls = record_calls(both, NETWORKS)
    without, with_them = plain.losses(RecordedStep(BATCH, IMAGE)), both.losses(RecordedStep(BATCH, IMAGE))
    for name, total in without.total.items():
        torch.testing.assert_close(with_them.total[name], total)
    (_, real_features) = (output for _, output in calls["trunk"])
    shown = [features for features, _ in calls["reconstructor"]]
    assert any(torch.equal(features, real_features) for features in shown)
    assert len(shown) == 2
    moved = [
        name
        for name, buffer in both.named_buffers()
        if "running_mean" in name and not torch.equal(buffer, plain.get_buffer(name))
    ]
    assert moved
    assert all(name.startswith("reconstructor") for name in moved)


def test_augmented_images_real_and_generated_are_noised_after_the_map():
    model = tiny_ibgan(augment=True, noise_start=0.0).train()
    step = RecordedStep(BATCH, IMAGE)
    calls = record_calls(model, NETWORKS)
    model.losses(step)
    ((_, drawn),) = calls["generator"]
    (fake, _), (real, _) = calls["trunk"]
    numbers = iter(step.handed["uniform"])
    for shown, images in ((fake, drawn), (real, 2 * step.handed["images"][0] - 1)):
        handed = SimpleNamespace(uniform=lambda *shape: next(numbers))
        torch.testing.assert_close(shown, random_affine(images, handed).clamp(-1, 1))
