"""Which loss moves which network, and by which optimiser."""

import copy

import pytest
import torch
from vae_tiny import BATCH, DISCRIMINATED, IMAGE, MODELS, FactorVAE, tiny

from disentangle_eval.testing import RecordedStep, record_calls
from disentangle_eval.training.iteration import run_iteration
from disentangle_eval.training.players import build_players

PLAYER_OF = {"encoder": "vae", "decoder": "vae", "discriminator": "discriminator"}


def gradients(loss, network):
    return torch.autograd.grad(loss, list(network.parameters()), retain_graph=True, allow_unused=True)


@pytest.mark.parametrize("model", MODELS)
def test_each_network_learns_from_its_own_loss_alone(model, monkeypatch):
    trained, reference = tiny(model), tiny(model)
    losses = reference.losses(RecordedStep(BATCH, IMAGE))
    players = build_players(trained)
    applied = {}
    owner = {parameter: name for name, parameter in trained.named_parameters()}
    for player in players.values():

        def keep(player=player):
            applied.update({owner[parameter]: parameter.grad.clone() for parameter in player.parameters})

        monkeypatch.setattr(player.optimiser, "step", keep)
    run_iteration(trained.rounds(), players, RecordedStep(BATCH, IMAGE), 0)
    for name in PLAYER_OF.keys() & dict(reference.named_children()).keys():
        network = getattr(reference, name)
        expected = gradients(losses.total[PLAYER_OF[name]], network)
        assert any(gradient.any() for gradient in expected), name
        for (parameter, _), gradient in zip(network.named_parameters(), expected, strict=True):
            torch.testing.assert_close(applied.pop(f"{name}.{parameter}"), gradient)
    assert not applied


@pytest.mark.parametrize("model", DISCRIMINATED)
def test_the_loss_of_the_discriminator_does_not_reach_the_encoder(model):
    built = tiny(model)
    loss = built.losses(RecordedStep(BATCH, IMAGE)).total["discriminator"]
    assert gradients(loss, built.encoder) == (None,) * len(list(built.encoder.parameters()))


@pytest.mark.parametrize("model", DISCRIMINATED)
def test_the_loss_of_the_vae_leaves_the_discriminator_as_it_is(model):
    """With gamma 0 the discriminator's gradient is the same, so none of the VAE's loss is in it."""
    weights = []
    for gamma in (0.0, 50.0):
        built = tiny(model, gamma=gamma)
        run_iteration(built.rounds(), build_players(built), RecordedStep(BATCH, IMAGE), 0)
        weights.append(copy.deepcopy(built.discriminator.state_dict()))
    for name, weight in weights[0].items():
        assert torch.equal(weight, weights[1][name])


@pytest.mark.parametrize("model", DISCRIMINATED)
def test_the_divergence_reaches_the_encoder_and_not_the_decoder(model):
    built = tiny(model)
    losses = built.losses(RecordedStep(BATCH, IMAGE))
    term = "total_correlation" if model is FactorVAE else "aggregate_kl"
    assert all(gradient.any() for gradient in gradients(losses.terms[term], built.encoder)[-2:])
    assert gradients(losses.terms[term], built.decoder) == (None,) * len(list(built.decoder.parameters()))


def test_the_second_batch_of_factorvae_is_encoded_without_a_graph():
    built = tiny(FactorVAE)
    calls = record_calls(built, ["encoder"])
    built.losses(RecordedStep(BATCH, IMAGE))
    first, second = (output for _, output in calls["encoder"])
    assert first.requires_grad
    assert not second.requires_grad


@pytest.mark.parametrize("model", MODELS)
def test_optimisers_are_adam_with_the_published_settings(model):
    settings = {"lr": 3e-4, **({"lr_discriminator": 7e-5} if model in DISCRIMINATED else {})}
    players = build_players(tiny(model, **settings))
    expected = {"vae": (3e-4, (0.9, 0.999)), "discriminator": (7e-5, (0.5, 0.9))}
    assert set(players) == {"vae", *(["discriminator"] if model in DISCRIMINATED else [])}
    for name, player in players.items():
        assert isinstance(player.optimiser, torch.optim.Adam)
        for group in player.optimiser.param_groups:
            assert (group["lr"], group["betas"], group["weight_decay"]) == (*expected[name], 0)


@pytest.mark.parametrize("model", MODELS)
def test_one_round_plays_all_players_at_the_same_weights(model):
    (round_,) = tiny(model).rounds()
    names = ("vae", "discriminator") if model in DISCRIMINATED else ("vae",)
    assert (round_.players, round_.every, round_.repeats) == (names, 1, 1)
