import pytest
import torch
from torch import nn
from toy_gan import SHAPE, ToyConfig, ToyGAN

from disentangle_eval.api import Group, Optim, Player
from disentangle_eval.errors import DevalError
from disentangle_eval.training.players import build_players, ownership_problems

OPTIM = Optim(lr=0.1)


@pytest.fixture
def model():
    return ToyGAN(ToyConfig(), SHAPE)


def player(name, *modules, optim=OPTIM):
    return Player(name, tuple(Group(module) for module in modules), optim)


def test_players_that_own_everything_once_have_no_problem(model):
    assert ownership_problems(model, model.players()) == []


@pytest.mark.parametrize(
    ("players", "problem"),
    [
        (lambda m: [player("critic", m.critic)], "parameter 'drawer.weight' belongs to no player"),
        (
            lambda m: [player("critic", m.critic, m.drawer), player("drawer", m.drawer)],
            "parameter 'drawer.weight' belongs to more than one group: critic, drawer",
        ),
        (
            lambda m: [player("critic", m.critic), player("drawer", m.drawer, m.drawer)],
            "parameter 'drawer.weight' belongs to more than one group: drawer, drawer",
        ),
        (
            lambda m: [player("critic", m.critic), player("drawer", m.drawer, nn.Linear(1, 1))],
            "player 'drawer' owns a tensor that is no parameter of the model",
        ),
        (lambda m: [player("one", m.critic), player("one", m.drawer)], "2 players are called 'one'"),
    ],
)
def test_every_fault_of_ownership_is_named_and_ends_training_in_one_line(model, monkeypatch, players, problem):
    assert problem in ownership_problems(model, players(model))
    monkeypatch.setattr(model, "players", lambda: players(model))
    with pytest.raises(DevalError, match=r"ToyGAN\.players\(\): "):
        build_players(model)


def test_optimisers_are_built_as_described(model, monkeypatch):
    adam = Optim(lr=0.1, betas=(0.2, 0.3), eps=1e-5, weight_decay=0.4)
    rmsprop = Optim(lr=0.5, kind="rmsprop", alpha=0.6, momentum=0.7, eps=1e-4)
    layers = model.critic[1], model.critic[2], model.critic[4]
    monkeypatch.setattr(
        model,
        "players",
        lambda: [
            Player("critic", (Group(layers[0]), Group(nn.Identity()), Group(layers[1], 0.9), Group(layers[2])), adam),
            player("drawer", model.drawer, optim=rmsprop),
        ],
    )
    built = build_players(model)
    optimiser = built["critic"].optimiser
    assert isinstance(optimiser, torch.optim.Adam)
    assert [group["lr"] for group in optimiser.param_groups] == [0.1, 0.9, 0.1]
    for group in optimiser.param_groups:
        assert (group["betas"], group["eps"], group["weight_decay"]) == ((0.2, 0.3), 1e-5, 0.4)
    assert [id(p) for p in built["critic"].parameters] == [id(p) for p in model.critic.parameters()]
    (group,) = built["drawer"].optimiser.param_groups
    assert isinstance(built["drawer"].optimiser, torch.optim.RMSprop)
    assert (group["lr"], group["alpha"], group["momentum"], group["eps"]) == (0.5, 0.6, 0.7, 1e-4)
