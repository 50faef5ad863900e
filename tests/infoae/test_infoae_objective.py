"""The losses of InfoAE against a plain float64 evaluation of what the six networks put out."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from infoae_tiny import BATCH, CLASSES, IMAGE, NETWORKS, NOISE, TOGETHER, tiny_infoae

from deval_infoae.config import InfoAEConfig
from disentangle_eval.config import resolve
from disentangle_eval.nn.augmenting import random_affine
from disentangle_eval.testing import RecordedStep, record_calls
from disentangle_eval.training.players import build_players

WEIGHTS = {
    "weight_reconstruction": 0.9,
    "weight_generated": 0.8,
    "weight_reconstructed": 0.4,
    "weight_critic": 0.6,
    "weight_class_generated": 0.5,
    "weight_class_encoded": 0.3,
}


def double(tensor):
    return tensor.detach().double().numpy()


def bce(logit, target):
    return np.mean(np.logaddexp(0, double(logit)) - target * double(logit))


def cross_entropy(logits, classes):
    logits = double(logits)
    log_q = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return -np.mean(log_q[np.arange(BATCH), classes])


def test_every_term_and_all_three_totals():
    model = tiny_infoae(**WEIGHTS).train()
    step = RecordedStep(BATCH, IMAGE)
    calls = record_calls(model, NETWORKS)
    losses = model.losses(step)
    (x,), (classes,), (noise,) = (step.handed[kind] for kind in ("images", "integers", "uniform"))
    classes = classes.numpy()

    # x_r = Dec(E(x)); z_g = Gen(c, n); x_g = Dec(z_g); z_e = E(x_g)
    (e_real, z_real), (e_drawn, z_encoded) = calls["encoder"]
    ((decoded, drawn),) = calls["decoder"]
    x_reconstructed, x_generated = drawn.chunk(2)
    ((gen_in, z_generated),) = calls["latent_generator"]
    np.testing.assert_array_equal(double(e_real), double(x))
    assert torch.equal(decoded, torch.cat([z_real, z_generated]))
    assert torch.equal(e_drawn, x_generated)
    assert noise.shape == (BATCH, NOISE)
    np.testing.assert_allclose(double(gen_in), np.hstack([np.eye(CLASSES)[classes], 2 * double(noise) - 1]), rtol=1e-6)

    def judged(wanted):
        return next(logit for image, logit in calls["discriminator"] if torch.equal(image, wanted))

    real, generated, reconstructed = judged(x), judged(x_generated), judged(x_reconstructed)
    assert all(torch.equal(image, x_generated) for image, _, _ in calls["critic"])
    pairs = {id(z): logit for _, z, logit in calls["critic"]}
    drawn_pair, read_pair = pairs[id(z_generated)], pairs[id(z_encoded)]
    read = {id(z): logits for z, logits in calls["classifier"]}

    expected = {
        "reconstruction": np.mean((double(x) - double(x_reconstructed)) ** 2),
        "adversarial_generated": bce(generated, 1),
        "adversarial_reconstructed": bce(reconstructed, 1),
        "adversarial_critic": bce(read_pair, 1),
        "class_generated": cross_entropy(read[id(z_generated)], classes),
        "class_encoded": cross_entropy(read[id(z_encoded)], classes),
        "discriminator_real": bce(real, 1),
        "discriminator_fake": (0.8 * bce(generated, 0) + 0.4 * bce(reconstructed, 0)) / 1.2,
        "critic_real": bce(drawn_pair, 1),
        "critic_fake": bce(read_pair, 0),
    }
    expected["lower_bound_categorical"] = np.log(CLASSES) - expected["class_encoded"]
    assert set(losses.terms) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(double(losses.terms[name]), value, rtol=1e-4, atol=1e-6, err_msg=name)
    weights = zip(WEIGHTS.values(), list(expected)[:6], strict=True)
    totals = {
        "autoencoder": sum(weight * expected[name] for weight, name in weights),
        "discriminator": expected["discriminator_real"] + expected["discriminator_fake"],
        "critic": expected["critic_real"] + expected["critic_fake"],
    }
    for name, value in totals.items():
        np.testing.assert_allclose(double(losses.total[name]), value, rtol=1e-4, err_msg=name)


def reached(loss, model):
    found = set()
    for name in NETWORKS:
        parameters = list(getattr(model, name).parameters())
        gradients = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
        found |= {name for gradient in gradients if gradient is not None and gradient.any()}
    return found


def test_which_loss_reaches_which_network_apart_from_the_statistics_of_dec_s_batch():
    model = tiny_infoae().train()
    model.decoder.eval()
    terms = model.losses(RecordedStep(BATCH, IMAGE)).terms
    drawn = {"decoder", "latent_generator"}
    assert reached(terms["reconstruction"], model) == {"encoder", "decoder"}
    assert reached(terms["adversarial_generated"], model) == drawn | {"discriminator"}
    assert reached(terms["adversarial_reconstructed"], model) == {"encoder", "decoder", "discriminator"}
    assert reached(terms["adversarial_critic"], model) == drawn | {"encoder", "critic"}
    assert reached(terms["class_generated"], model) == {"latent_generator", "classifier"}
    assert reached(terms["class_encoded"], model) == drawn | {"encoder", "classifier"}


def test_three_players_step_on_one_forward_pass():
    model = tiny_infoae()
    (round_,) = model.rounds()
    assert (round_.players, round_.every, round_.repeats) == (("autoencoder", "discriminator", "critic"), 1, 1)
    owned = {name: {id(p) for p in player.parameters} for name, player in build_players(model).items()}
    of = {name: {id(p) for p in getattr(model, name).parameters()} for name in NETWORKS}
    assert owned == {
        "autoencoder": set().union(*(of[name] for name in TOGETHER)),
        "discriminator": of["discriminator"],
        "critic": of["critic"],
    }


@pytest.mark.parametrize("dataset", ["mnist", "mnist-55k"])
def test_the_paper_s_preset_is_the_defaults(dataset):
    assert resolve(InfoAEConfig, dataset, "paper", {}) == InfoAEConfig()


def test_defaults_are_the_papers_weights_and_adam():
    model = tiny_infoae()
    assert [getattr(model.cfg, name) for name in WEIGHTS] == [1, 1, 1, 1, 0.4, 0.4]
    for player in build_players(model).values():
        assert {(group["lr"], group["betas"]) for group in player.optimiser.param_groups} == {(2e-4, (0.5, 0.999))}


@pytest.mark.parametrize("weight", [name for name in WEIGHTS if name != "weight_generated"])
def test_every_weight_but_that_of_generated_images_may_be_zero(weight):
    losses = tiny_infoae(**{weight: 0.0}).losses(RecordedStep(BATCH, IMAGE))
    assert all(torch.isfinite(total) for total in losses.total.values())


def test_the_adversaries_have_a_learning_rate_of_their_own():
    players = {player.name: player for player in tiny_infoae(lr=0.3, lr_discriminator=0.1).players()}
    assert {name: player.optim.lr for name, player in players.items()} == {
        "autoencoder": 0.3,
        "discriminator": 0.1,
        "critic": 0.1,
    }


def test_the_reconstruction_may_be_summed_over_pixels():
    mean, total = (
        tiny_infoae(reconstruction=kind).losses(RecordedStep(BATCH, IMAGE)).terms["reconstruction"]
        for kind in ("mean", "sum")
    )
    assert total.item() == pytest.approx(mean.item() * np.prod(IMAGE), rel=1e-5)


def test_s_may_judge_latents_of_real_images_too():
    settings = {"weight_critic": 0.6, "weight_critic_real": 0.2}
    model, plain = tiny_infoae(**settings).train(), tiny_infoae(weight_critic=0.6).train()
    calls = record_calls(model, NETWORKS)
    step = RecordedStep(BATCH, IMAGE)
    losses, without = model.losses(step), plain.losses(RecordedStep(BATCH, IMAGE))
    z_real = calls["encoder"][0][1]
    (logit,) = (logit for x, z, logit in calls["critic"] if torch.equal(x, step.handed["images"][0]) and z is z_real)
    np.testing.assert_allclose(double(losses.terms["adversarial_critic_real"]), bce(logit, 1), rtol=1e-4)
    fake = 0.75 * double(without.terms["critic_fake"]) + 0.25 * bce(logit, 0)
    np.testing.assert_allclose(double(losses.terms["critic_fake"]), fake, rtol=1e-4)
    difference = double(losses.total["autoencoder"]) - double(without.total["autoencoder"])
    np.testing.assert_allclose(difference, 0.2 * bce(logit, 1), rtol=1e-3, atol=1e-5)


def softmax(logits):
    powers = np.exp(double(logits))
    return powers / powers.sum(axis=1, keepdims=True)


def test_consistency_under_affine_maps_and_entropies_on_real_images():
    weights = {"weight_consistency": 0.7, "weight_conditional_entropy": 0.3, "weight_marginal_entropy": 0.2}
    model, plain = tiny_infoae(**weights).train(), tiny_infoae().train()
    step = RecordedStep(BATCH, IMAGE)
    calls = record_calls(model, NETWORKS)
    losses, without = model.losses(step), plain.losses(RecordedStep(BATCH, IMAGE))

    x, numbers = step.handed["images"][0], step.handed["uniform"][-1]
    moved = random_affine(x, SimpleNamespace(uniform=lambda *shape: numbers))
    (z_moved,) = (z for image, z in calls["encoder"] if torch.equal(image, moved))
    read = {id(z): softmax(logits) for z, logits in calls["classifier"]}
    q, q_moved = read[id(calls["encoder"][0][1])], read[id(z_moved)]
    expected = {
        "consistency": np.mean(np.sum(q * np.log(q / q_moved), axis=1)),
        "conditional_entropy": -np.mean(np.sum(q * np.log(q), axis=1)),
        "marginal_entropy": -np.sum(q.mean(axis=0) * np.log(q.mean(axis=0))),
    }
    assert set(losses.terms) == {*without.terms, *expected}
    for name, value in expected.items():
        np.testing.assert_allclose(double(losses.terms[name]), value, rtol=1e-4, atol=1e-6, err_msg=name)
    added = 0.7 * expected["consistency"] + 0.3 * expected["conditional_entropy"] - 0.2 * expected["marginal_entropy"]
    difference = double(losses.total["autoencoder"]) - double(without.total["autoencoder"])
    np.testing.assert_allclose(difference, added, rtol=1e-3, atol=1e-5)
