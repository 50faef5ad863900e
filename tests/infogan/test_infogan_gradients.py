"""Which loss moves which network of InfoGAN, and what a bystander leaves alone."""

import pytest
import torch
from infogan_tiny import BATCH, IMAGE, NETWORKS, tiny_infogan, tiny_infowgan_gp

from disentangle_eval.testing import RecordedStep
from disentangle_eval.training.players import build_players


def gradients(loss, network):
    """The gradient of a loss on every parameter of a network, zero where it does not reach."""
    parameters = list(network.parameters())
    found = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
    return [torch.zeros_like(p) if g is None else g for p, g in zip(parameters, found, strict=True)]


def reached(loss, model):
    return {name for name in NETWORKS if any(g.any() for g in gradients(loss, getattr(model, name)))}


def test_discriminators_optimiser_holds_trunk_and_both_heads_and_the_generators_g_alone():
    for model in (tiny_infogan(), tiny_infowgan_gp()):
        players = build_players(model)
        owned = {name: {id(p) for p in player.parameters} for name, player in players.items()}
        of = {name: {id(p) for p in getattr(model, name).parameters()} for name in NETWORKS}
        assert owned == {
            "discriminator": of["trunk"] | of["discriminator"] | of["reconstructor"],
            "generator": of["generator"],
        }


def test_optimisers_are_adam_with_the_published_settings():
    players = build_players(tiny_infogan())
    rates = {name: player.optimiser.param_groups[0]["lr"] for name, player in players.items()}
    assert rates == {"discriminator": 2e-4, "generator": 1e-3}
    for player in players.values():
        assert isinstance(player.optimiser, torch.optim.Adam)
        assert {group["betas"] for group in player.optimiser.param_groups} == {(0.5, 0.999)}


def test_information_is_in_the_losses_of_both():
    model = tiny_infogan()
    on_d = model.discriminator_losses(RecordedStep(BATCH, IMAGE))
    assert reached(on_d.terms["lower_bound"], model) == {"trunk", "reconstructor"}
    assert reached(on_d.total["discriminator"], model) == {"trunk", "discriminator", "reconstructor"}
    on_g = model.generator_losses(RecordedStep(BATCH, IMAGE))
    assert reached(on_g.terms["generator_adversarial"], model) == {"generator", "trunk", "discriminator"}
    assert reached(on_g.total["generator"], model) == set(NETWORKS)


@pytest.mark.parametrize("kind", ["categorical", "continuous"])
def test_a_weight_of_zero_takes_that_kind_of_code_out_of_both_losses(kind):
    silent = tiny_infogan(**{f"lambda_{kind}": 0.0})
    both = tiny_infogan()
    for round_, player in (("discriminator_losses", "discriminator"), ("generator_losses", "generator")):
        without = getattr(silent, round_)(RecordedStep(BATCH, IMAGE)).total[player]
        with_it = getattr(both, round_)(RecordedStep(BATCH, IMAGE)).total[player]
        assert (without - with_it).abs() > 1e-3


def test_a_bystander_q_learns_while_d_and_g_learn_as_in_a_plain_gan():
    watched = tiny_infogan(bystander=True)
    plain = tiny_infogan(lambda_categorical=0.0, lambda_continuous=0.0)
    losses = watched.discriminator_losses(RecordedStep(BATCH, IMAGE))
    reference = plain.discriminator_losses(RecordedStep(BATCH, IMAGE)).total["discriminator"]
    for name in ("trunk", "discriminator"):
        pairs = zip(
            gradients(losses.total["discriminator"], getattr(watched, name)),
            gradients(reference, getattr(plain, name)),
            strict=True,
        )
        for one, other in pairs:
            torch.testing.assert_close(one, other)
    assert reached(losses.terms["lower_bound"], watched) == {"reconstructor"}

    on_g = watched.generator_losses(RecordedStep(BATCH, IMAGE)).total["generator"]
    reference = plain.generator_losses(RecordedStep(BATCH, IMAGE)).total["generator"]
    for one, other in zip(gradients(on_g, watched.generator), gradients(reference, plain.generator), strict=True):
        torch.testing.assert_close(one, other)
    assert "reconstructor" not in reached(on_g, watched)
