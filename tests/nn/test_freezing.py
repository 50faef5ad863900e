"""Frozen networks and phases of training, each by a small model that needs it."""

import copy

import pytest
import torch
from torch import nn

from disentangle_eval.api import Group, ImageShape, Losses, Model, Optim, Player, Round
from disentangle_eval.config import ModelConfig, build
from disentangle_eval.errors import DevalError
from disentangle_eval.nn.freezing import Frozen, run_frozen
from disentangle_eval.opening.models import build_model
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.testing import check_model
from disentangle_eval.testing.host_graph import HostGraph
from disentangle_eval.testing.trial import random_images
from disentangle_eval.training.players import build_players
from disentangle_eval.training.training import Training

IMAGE = ImageShape(1, 16, 16)
SMALL = {"hidden": 8, "latent_dim": 3}
PHASES = {**SMALL, "iterations": 6, "second_iterations": 3, "second_hidden": 4, "lr": 1e-2, "batch_size": 4}


@pytest.fixture(autouse=True)
def phases(install):
    install("deval-phases")


def training(name, settings, new_graph=None):
    registry = load_registry()
    record = registry.find_model(name)
    cfg = build(registry.resolve(record, "config"), settings)
    data = random_images(IMAGE, n=12, seed=0)
    return Training(
        build_model(registry.resolve(record), cfg, IMAGE, 0), data, cfg, 0, torch.device("cpu"), new_graph=new_graph
    )


def weights(run, *prefixes):
    return {name: value.clone() for name, value in run.weights().items() if name.startswith(prefixes)}


def same(one, other):
    return all(torch.equal(value, other[name]) for name, value in one.items())


@pytest.mark.parametrize(("name", "settings"), [("two-stage-vae", PHASES), ("perceptual-vae", SMALL)])
def test_models_with_phases_or_frozen_networks_keep_every_promise(name, settings):
    outcomes = check_model(name, image=tuple(IMAGE), config={k: v for k, v in settings.items() if k != "batch_size"})
    assert [f"{done.check}: {done.message}" for done in outcomes if done.status == "failed"] == []


def test_each_stage_stands_still_while_the_other_trains_and_logs_its_own_terms():
    run = training("two-stage-vae", PHASES)
    first, second = ("encoder", "decoder", "running_kl"), ("second", "log_variance")
    before = weights(run, *second)
    run.advance(3)
    assert same(before, weights(run, *second))
    assert {"loss_vae", "kl"} <= set(terms := run.means())
    assert "loss_second" not in terms
    after_first = weights(run, *first)
    run.advance(3)
    assert same(after_first, weights(run, *first))
    assert not same(before, weights(run, *second))
    assert set(run.means()) == {"loss_second", "second_reconstruction", "second_kl"}


@pytest.mark.parametrize("stop", [2, 3, 5])
def test_a_run_stopped_in_either_phase_goes_on_bit_for_bit(stop):
    whole, part, resumed = (training("two-stage-vae", PHASES) for _ in range(3))
    whole.advance(6)
    part.advance(stop)
    resumed.restore(copy.deepcopy(part.weights()), copy.deepcopy(part.state()), stop)
    resumed.advance(6 - stop)
    assert same(whole.weights(), resumed.weights())


def test_both_phases_are_captured():
    eager, captured = (training("two-stage-vae", PHASES, graph) for graph in (None, HostGraph))
    for run in (eager, captured):
        run.advance(6)
    assert captured.not_captured is None
    assert same(eager.weights(), captured.weights())


def test_a_frozen_network_keeps_weights_mode_and_statistics_and_passes_gradients_on():
    run = training("perceptual-vae", {**SMALL, "channels": (4, 6), "batch_size": 4})
    before = weights(run, "features")
    owned = {p for player in run.players.values() for p in player.parameters}
    assert len(before) == 14
    assert not owned & set(run.model.features.parameters())
    run.advance(3)
    assert same(before, weights(run, "features"))
    assert not any(module.training for module in run.model.features.modules())
    assert run.model.encoder.training
    x = torch.rand(2, *IMAGE, requires_grad=True)
    (gradient,) = torch.autograd.grad(run.model.features(x).sum(), x)
    assert gradient.abs().sum() > 0


def test_what_is_frozen_otherwise_has_to_belong_to_a_player():
    class Stray(Model):
        def __init__(self, cfg, image):
            super().__init__(cfg, image)
            self.trained, self.stray = nn.Linear(1, 1), nn.Linear(1, 1).requires_grad_(False)

        def players(self):
            return [Player("one", (Group(self.trained),), Optim(lr=0.1))]

        def rounds(self):
            return [Round(lambda step: Losses({}), ("one",))]

    with pytest.raises(DevalError, match=r"'stray.weight' belongs to no player"):
        build_players(Stray(ModelConfig(), IMAGE))


def test_running_frozen_leaves_statistics_gradients_and_modes_alone():
    network = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Sequential(nn.Linear(4, 2)).eval())
    before = copy.deepcopy(network.state_dict())
    found = run_frozen(network, torch.randn(5, 3, generator=torch.Generator().manual_seed(0)))
    assert not found.requires_grad
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert [module.training for module in network] == [True, True, False]
    assert all(p.requires_grad for p in network.parameters())
    assert not Frozen(network).train().training
