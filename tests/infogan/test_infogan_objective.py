"""The losses of InfoGAN against a plain float64 evaluation of what the networks put out."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from infogan_tiny import (
    BATCH,
    IMAGE,
    NETWORKS,
    double,
    expected_bounds,
    handed_codes,
    tiny_infogan,
    tiny_infowgan_gp,
)
from shown_images import assert_bound_of_an_iteration_is_under_noise, assert_encodes_images_as_they_are

from disentangle_eval.nn.augmenting import random_affine
from disentangle_eval.testing import RecordedStep, record_calls

LAMBDAS = {"lambda_categorical": 0.7, "lambda_continuous": 0.3}


def sigmoid(logit):
    return 1 / (1 + np.exp(-double(logit)))


@pytest.mark.parametrize("std", ["fixed", "learned"])
def test_the_discriminators_round(std):
    model = tiny_infogan(std=std, **LAMBDAS).train()
    step = RecordedStep(BATCH, IMAGE)
    calls = record_calls(model, NETWORKS)
    losses = model.discriminator_losses(step)

    hot, continuous, noise = handed_codes(step)
    ((latent, fake),) = calls["generator"]
    np.testing.assert_allclose(double(latent), np.hstack([hot.reshape(len(hot), -1), continuous, noise]), rtol=1e-6)
    assert not fake.requires_grad
    (fake_in, features), (real_in, _) = calls["trunk"]
    assert fake_in is fake
    np.testing.assert_array_equal(double(real_in), double(step.handed["images"][0]))
    (_, fake_logit), (_, real_logit) = calls["discriminator"]
    ((q_in, q_out),) = calls["reconstructor"]
    assert q_in is features

    d_real, d_fake = -np.mean(np.log(sigmoid(real_logit))), -np.mean(np.log(1 - sigmoid(fake_logit)))
    categorical, continuous_bound = expected_bounds(q_out, hot, continuous, std)
    expected = {
        "discriminator_real": d_real,
        "discriminator_fake": d_fake,
        "discriminator_accuracy": 0.5 * (np.mean(double(real_logit) > 0) + np.mean(double(fake_logit) < 0)),
        "lower_bound": categorical + continuous_bound,
        "lower_bound_categorical": categorical,
        "lower_bound_continuous": continuous_bound,
    }
    assert set(losses.terms) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(double(losses.terms[name]), value, rtol=1e-4, atol=1e-5, err_msg=name)
    total = d_real + d_fake - 0.7 * categorical - 0.3 * continuous_bound
    np.testing.assert_allclose(double(losses.total["discriminator"]), total, rtol=1e-4)


@pytest.mark.parametrize("std", ["fixed", "learned"])
def test_the_generators_round(std):
    model = tiny_infogan(std=std, **LAMBDAS).train()
    step = RecordedStep(BATCH, IMAGE)
    calls = record_calls(model, NETWORKS)
    losses = model.generator_losses(step)
    assert not step.handed["images"]
    hot, continuous, _ = handed_codes(step)
    ((_, logit),), ((_, q_out),) = calls["discriminator"], calls["reconstructor"]
    adversarial = -np.mean(np.log(sigmoid(logit)))
    categorical, continuous_bound = expected_bounds(q_out, hot, continuous, std)
    np.testing.assert_allclose(double(losses.terms["generator_adversarial"]), adversarial, rtol=1e-4)
    total = adversarial - 0.7 * categorical - 0.3 * continuous_bound
    np.testing.assert_allclose(double(losses.total["generator"]), total, rtol=1e-4)


def test_an_iteration_is_a_round_of_d_and_one_of_g_on_other_codes():
    model = tiny_infogan()
    first, second = model.rounds()
    assert (first.players, first.every, first.repeats) == (("discriminator",), 1, 1)
    assert (second.players, second.every, second.repeats) == (("generator",), 1, 1)
    step = RecordedStep(BATCH, IMAGE)
    calls = record_calls(model, NETWORKS)
    first.losses(step)
    second.losses(step)
    (one, _), (other, _) = calls["generator"]
    assert not np.allclose(double(one), double(other))


def test_a_model_without_categorical_codes_has_no_term_for_them():
    terms = tiny_infogan(categorical_codes=0).discriminator_losses(RecordedStep(BATCH, IMAGE)).terms
    assert "lower_bound_categorical" not in terms
    assert terms["lower_bound"].item() == pytest.approx(terms["lower_bound_continuous"].item())


@pytest.mark.parametrize("tiny", [tiny_infogan, tiny_infowgan_gp])
def test_augmented_images_are_what_the_trunk_is_shown_in_training_and_not_when_encoding(tiny):
    model = tiny(augment=True).train()
    first, second = model.rounds()
    for round_, real in ((first, True), (second, False)):
        step = RecordedStep(BATCH, IMAGE)
        calls = record_calls(model, NETWORKS)
        round_.losses(step)
        maps = iter([draw for draw in step.handed["uniform"] if draw.shape == (BATCH, 5)])
        handed = SimpleNamespace(uniform=lambda *shape, maps=maps: next(maps))
        ((_, drawn),) = calls["generator"]
        images = [drawn, *(step.handed["images"] if real else [])]
        shown = [x for x, _ in calls["trunk"]]
        for image in images:
            moved = random_affine(image, handed)
            assert any(torch.allclose(x, moved, atol=1e-6) for x in shown)
            assert not any(torch.equal(x, image) for x in shown)
    assert_encodes_images_as_they_are(model, NETWORKS, "trunk", BATCH, IMAGE)


@pytest.mark.parametrize("tiny", [tiny_infogan, tiny_infowgan_gp])
def test_the_trunk_is_shown_images_under_noise_in_training_and_not_when_encoding(tiny):
    model = tiny(image_noise=0.3).train()
    step = RecordedStep(BATCH, IMAGE)
    calls = record_calls(model, NETWORKS)
    model.rounds()[0].losses(step)
    ((_, drawn),) = calls["generator"]
    noise = [draw for draw in step.handed["normal"] if draw.shape == drawn.shape]
    shown = [x for x, _ in calls["trunk"]]
    for image, on_image in zip([drawn, *step.handed["images"]], noise, strict=True):
        assert any(torch.allclose(x, image + 0.3 * on_image, atol=1e-6) for x in shown)
    assert_encodes_images_as_they_are(model, NETWORKS, "trunk", BATCH, IMAGE)


def test_the_bound_of_an_iteration_is_under_its_noise():
    assert_bound_of_an_iteration_is_under_noise(tiny_infogan(image_noise=0.3), BATCH, IMAGE)


def test_augmented_images_carry_the_generator_s_gradient():
    model = tiny_infogan(augment=True).train()
    loss = model.generator_losses(RecordedStep(BATCH, IMAGE)).total["generator"]
    gradients = torch.autograd.grad(loss, list(model.generator.parameters()))
    assert all(gradient.any() for gradient in gradients)
