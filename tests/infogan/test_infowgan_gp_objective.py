"""The losses of InfoWGAN-GP against a plain float64 evaluation, and the penalty against known gradients."""

import numpy as np
import pytest
import torch
from infogan_tiny import BATCH, IMAGE, NETWORKS, double, expected_bounds, handed_codes, tiny_infowgan_gp
from torch import nn

from deval_infogan.infowgan_gp import gradient_penalty
from disentangle_eval.testing import RecordedStep, record_calls

LAMBDAS = {"lambda_categorical": 0.7, "lambda_continuous": 0.3}


def linear_critic(norm):
    critic = nn.Sequential(nn.Flatten(), nn.Linear(64, 1))
    with torch.no_grad():
        critic[1].weight.normal_(generator=torch.Generator().manual_seed(0))
        critic[1].weight.mul_(norm / critic[1].weight.norm())
    return critic


@pytest.mark.parametrize(("norm", "expected"), [(3.0, 4.0), (1.0, 0.0), (0.5, 0.25)])
def test_the_penalty_of_a_linear_critic_is_its_slope_s_distance_from_1_squared(norm, expected):
    critic, draw = linear_critic(norm), RecordedStep(BATCH, IMAGE)
    penalty = gradient_penalty(critic, draw.images(), draw.images(), draw.uniform(BATCH, 1, 1, 1))
    assert penalty.item() == pytest.approx(expected, abs=1e-5)
    (slope,) = torch.autograd.grad(penalty, critic[1].weight)
    weight = critic[1].weight.detach()
    torch.testing.assert_close(slope, 2 * (norm - 1) * weight / norm, atol=1e-5, rtol=1e-4)


def test_the_penalty_is_taken_between_real_and_generated_images_image_by_image():
    draw, seen = RecordedStep(BATCH, IMAGE), []
    real, fake, share = draw.images(), draw.images(), draw.uniform(BATCH, 1, 1, 1)

    def critic(images):
        seen.append(images)
        return (images**3).sum(dim=(1, 2, 3))

    penalty = gradient_penalty(critic, real, fake, share)
    between = double(share) * double(real) + (1 - double(share)) * double(fake)
    np.testing.assert_allclose(double(seen[0]), between, atol=1e-6)
    norms = np.sqrt(np.sum((3 * between**2) ** 2, axis=(1, 2, 3)))
    assert penalty.item() == pytest.approx(np.mean((norms - 1) ** 2), rel=1e-4)


def test_the_critics_round():
    model = tiny_infowgan_gp(penalty=7.0, std="learned", **LAMBDAS).train()
    step = RecordedStep(BATCH, IMAGE)
    calls = record_calls(model, NETWORKS)
    losses = model.critic_losses(step)
    hot, continuous, _ = handed_codes(step)
    (_, on_fake), (_, on_real), (_, on_between) = calls["discriminator"]
    (fake_in, _), (real_in, _), (between_in, _) = calls["trunk"]
    share = double(step.handed["uniform"][-1])
    assert share.shape == (BATCH, 1, 1, 1)
    np.testing.assert_array_equal(double(real_in), double(step.handed["images"][0]))
    np.testing.assert_allclose(double(between_in), share * double(real_in) + (1 - share) * double(fake_in), atol=1e-6)
    (slope,) = torch.autograd.grad(on_between.sum(), between_in, retain_graph=True)
    penalty = np.mean((np.sqrt(np.sum(double(slope) ** 2, axis=(1, 2, 3))) - 1) ** 2)
    ((_, q_out),) = calls["reconstructor"]
    categorical, continuous_bound = expected_bounds(q_out, hot, continuous, "learned")
    fake, real = double(on_fake).mean(), double(on_real).mean()
    expected = {
        "critic_real": real,
        "critic_fake": fake,
        "gradient_penalty": penalty,
        "lower_bound": categorical + continuous_bound,
        "lower_bound_categorical": categorical,
        "lower_bound_continuous": continuous_bound,
    }
    assert set(losses.terms) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(double(losses.terms[name]), value, rtol=1e-4, atol=1e-5, err_msg=name)
    total = fake - real + 7 * penalty - 0.7 * categorical - 0.3 * continuous_bound
    np.testing.assert_allclose(double(losses.total["discriminator"]), total, rtol=1e-4)


def test_the_generators_round():
    model = tiny_infowgan_gp(**LAMBDAS).train()
    step = RecordedStep(BATCH, IMAGE)
    calls = record_calls(model, NETWORKS)
    losses = model.generator_losses(step)
    hot, continuous, _ = handed_codes(step)
    ((_, value),), ((_, q_out),) = calls["discriminator"], calls["reconstructor"]
    categorical, continuous_bound = expected_bounds(q_out, hot, continuous, "fixed")
    total = -double(value).mean() - 0.7 * categorical - 0.3 * continuous_bound
    np.testing.assert_allclose(double(losses.total["generator"]), total, rtol=1e-4)


def test_the_critic_steps_five_times_before_the_generator_steps_once():
    critic, generator = tiny_infowgan_gp().rounds()
    assert (critic.players, critic.repeats) == (("discriminator",), 5)
    assert (generator.players, generator.repeats) == (("generator",), 1)


def test_a_critic_judges_each_image_by_itself():
    model = tiny_infowgan_gp().train()
    images = RecordedStep(BATCH, IMAGE).images()
    with torch.no_grad():
        torch.testing.assert_close(model.criticise(images)[:2], model.criticise(images[:2]))
