import pytest
import torch
from torch import nn
from toy_gan import SHAPE, ToyConfig, ToyGAN

from disentangle_eval.api import Group, Optim, Player
from disentangle_eval.errors import DevalError
from disentangle_eval.training.players import build_players, name_problems, ownership_problems

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
    assert problem in [*name_problems(players(model)), *ownership_problems(model, players(model))]
    monkeypatch.setattr(model, "players", lambda: players(model))
    with pytest.raises(DevalError, match=r"ToyGAN\.players\(\): "):
        build_players(model)


@pytest.mark.parametrize(
    ("optim", "kind", "settings"),
    [
        (Optim(lr=0.1, kind="SGD", momentum=0.9, arguments={"nesterov": True}), torch.optim.SGD, {"nesterov": True}),
        (Optim(lr=0.1, kind="adamw"), torch.optim.AdamW, {"weight_decay": 0.01}),
        (Optim(lr=0.1, kind="AdamW", weight_decay=0.0), torch.optim.AdamW, {"weight_decay": 0.0}),
        (Optim(lr=0.1, kind="Adamax", betas=(0.5, 0.9)), torch.optim.Adamax, {"betas": (0.5, 0.9)}),
        (Optim(lr=0.1, kind="rmsprop", arguments={"centered": True}), torch.optim.RMSprop, {"centered": True}),
        (Optim(lr=0.1), torch.optim.Adam, {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0}),
    ],
)
def test_any_optimiser_of_torch_takes_its_own_arguments(model, monkeypatch, optim, kind, settings):
    monkeypatch.setattr(model, "players", lambda: [player("both", model.critic, model.drawer, optim=optim)])
    optimiser = build_players(model)["both"].optimiser
    assert isinstance(optimiser, kind)
    assert {name: optimiser.param_groups[0][name] for name in settings} == settings


@pytest.mark.parametrize(
    ("optim", "message"),
    [
        (Optim(lr=0.1, kind="sdg"), "optimiser: received 'sdg', expected one of ASGD, Adadelta"),
        (Optim(lr=0.1, kind="LBFGS"), "optimiser: received 'LBFGS'"),
        (Optim(lr=0.1, kind="SGD", betas=(0.5, 0.9)), "SGD: received the argument 'betas', expected some of"),
        (Optim(lr=0.1, arguments={"momentums": 1}), "Adam: received the argument 'momentums'"),
        (Optim(lr=-0.1), "player 'both': Adam: "),
    ],
)
def test_what_torch_does_not_have_is_refused_in_one_line(model, monkeypatch, optim, message):
    monkeypatch.setattr(model, "players", lambda: [player("both", model.critic, model.drawer, optim=optim)])
    with pytest.raises(DevalError) as refused:
        build_players(model)
    assert message in str(refused.value)


def test_clipping_scales_the_gradient_of_all_parameters_together(model, monkeypatch):
    optim = Optim(lr=1.0, kind="SGD", clip_norm=2.0)
    monkeypatch.setattr(model, "players", lambda: [player("both", model.critic, model.drawer, optim=optim)])
    built = build_players(model)["both"]
    for length, norm in ((30.0, 2.0), (1.0, 1.0)):
        for parameter in built.parameters:
            parameter.grad = torch.ones_like(parameter)
        whole = torch.cat([parameter.grad.flatten() for parameter in built.parameters]).norm()
        for parameter in built.parameters:
            parameter.grad *= length / whole
        built.clip()
        clipped = torch.cat([parameter.grad.flatten() for parameter in built.parameters])
        assert clipped.norm().item() == pytest.approx(norm, rel=1e-5)


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
