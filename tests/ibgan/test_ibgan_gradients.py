"""Which loss moves which network of IB-GAN."""

import copy

import pytest
import torch
from ibgan_tiny import BATCH, IMAGE, NETWORKS, tiny_ibgan

from disentangle_eval.testing import RecordedStep
from disentangle_eval.training.iteration import run_iteration
from disentangle_eval.training.players import build_players

LOSS_OF = {
    "encoder": "generator",
    "generator": "generator",
    "reconstructor": "generator",
    "trunk": "discriminator",
    "discriminator": "discriminator",
}


def gradients(loss, network):
    """The gradient of a loss on every parameter of a network, zero where it does not reach."""
    parameters = list(network.parameters())
    if not parameters:
        return []
    found = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
    return [torch.zeros_like(p) if g is None else g for p, g in zip(parameters, found, strict=True)]


def applied_gradients(model, monkeypatch):
    """The gradients each network holds when its optimiser steps in one iteration."""
    applied = {}
    players = build_players(model)
    owners = {id(p): name for name in NETWORKS for p in getattr(model, name).parameters()}
    for player in players.values():

        def keep(player=player):
            for parameter in player.parameters:
                applied.setdefault(owners[id(parameter)], []).append(parameter.grad.clone())

        monkeypatch.setattr(player.optimiser, "step", keep)
    run_iteration(model.rounds(), players, RecordedStep(BATCH, IMAGE), 0)
    return applied


@pytest.mark.parametrize("variant", ["small", "big"])
def test_each_network_learns_from_its_own_loss_alone(variant, monkeypatch):
    model = tiny_ibgan(variant=variant, gamma=1.3, beta=0.4)
    reference = copy.deepcopy(model)
    losses = reference.losses(RecordedStep(BATCH, IMAGE))
    applied = applied_gradients(model, monkeypatch)
    assert set(applied) == set(NETWORKS) - ({"trunk"} if variant == "small" else set())
    for name, found in applied.items():
        expected = gradients(losses.total[LOSS_OF[name]], getattr(reference, name))
        assert any(gradient.any() for gradient in expected), name
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-7)


def reached_by(losses, model, term):
    return {name for name in NETWORKS if any(g.any() for g in gradients(losses.terms[term], getattr(model, name)))}


def test_what_each_term_depends_on_in_the_small_variant():
    model = tiny_ibgan()
    losses = model.losses(RecordedStep(BATCH, IMAGE))
    assert reached_by(losses, model, "discriminator_real") == {"discriminator"}
    assert reached_by(losses, model, "generator_adversarial") == {"encoder", "generator", "discriminator"}
    assert reached_by(losses, model, "lower_bound") == {"encoder", "generator", "reconstructor"}
    assert reached_by(losses, model, "upper_bound") == {"encoder"}


def test_in_the_big_variant_the_gradient_of_q_flows_through_the_trunk_to_g():
    model = tiny_ibgan(variant="big")
    losses = model.losses(RecordedStep(BATCH, IMAGE))
    assert reached_by(losses, model, "discriminator_real") == {"trunk", "discriminator"}
    assert reached_by(losses, model, "lower_bound") == {"encoder", "generator", "trunk", "reconstructor"}


def test_both_optimisers_are_rmsprop_with_the_published_settings():
    players = build_players(tiny_ibgan(variant="big", lr=3e-4, lr_discriminator=7e-6))
    assert set(players) == {"discriminator", "generator"}
    for name, lr in (("discriminator", 7e-6), ("generator", 3e-4)):
        optimiser = players[name].optimiser
        assert isinstance(optimiser, torch.optim.RMSprop)
        for group in optimiser.param_groups:
            settings = (group["lr"], group["momentum"], group["alpha"], group["eps"], group["weight_decay"])
            assert settings == (lr, 0.9, 0.99, 1e-8, 0)
            assert not group["centered"]


def test_one_round_a_step_plays_both_at_the_same_weights():
    (round_,) = tiny_ibgan().rounds()
    assert (round_.players, round_.every, round_.repeats) == (("discriminator", "generator"), 1, 1)


def test_running_statistics_of_d_follow_fake_and_real_batches_one_by_one():
    model = tiny_ibgan().train()
    seen = []
    first_norm = next(m for m in model.discriminator.modules() if isinstance(m, torch.nn.BatchNorm2d))
    first_norm.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0].detach()))
    model.losses(RecordedStep(BATCH, IMAGE))
    fake, real = seen
    assert int(first_norm.num_batches_tracked) == 2
    expected = 0.9 * (0.1 * fake.mean(dim=(0, 2, 3))) + 0.1 * real.mean(dim=(0, 2, 3))
    torch.testing.assert_close(first_norm.running_mean, expected)
