"""RMSprop in pieces is PyTorch's to the last bit."""

import pytest
import torch

from disentangle_eval.training import rmsprop
from disentangle_eval.training.rmsprop import RMSprop

SHAPES = [(), (7,), (300, 11), (3, 5, 4, 4), (2, 40, 4, 4)]


def parameters():
    generator = torch.Generator().manual_seed(0)
    made = [torch.randn(shape, generator=generator) for shape in SHAPES]
    made.append(torch.randn(9, 8, generator=generator).t()[1:])
    return [(p.contiguous(memory_format=torch.channels_last) if p.dim() == 4 else p).requires_grad_() for p in made]


def train(optimiser, trained, iterations=100):
    generator = torch.Generator().manual_seed(1)
    for iteration in range(iterations):
        for number, parameter in enumerate(trained):
            gradient = torch.empty_like(parameter).normal_(generator=generator)
            # One of them has no gradient now and then, one has a gradient of another layout.
            parameter.grad = None if (number, iteration % 3) == (2, 1) else gradient
            if number == 3:
                parameter.grad = gradient.contiguous()
        optimiser.step()


@pytest.mark.parametrize(
    "settings",
    [{"lr": 0.01}, {"lr": 0.01, "alpha": 0.9, "eps": 1e-6, "momentum": 0.9}, {"lr": 1e-3, "weight_decay": 0.1}],
)
def test_weights_and_state_are_those_of_torch_after_100_iterations(monkeypatch, settings):
    monkeypatch.setattr(rmsprop, "PIECE", 64)
    mine, theirs = parameters(), parameters()
    optimisers = []
    for kind, trained in ((RMSprop, mine), (torch.optim.RMSprop, theirs)):
        groups = [{"params": trained[:2], "lr": 0.003}, {"params": trained[2:]}]
        optimisers.append(kind(groups, foreach=True, **settings))
        train(optimisers[-1], trained)
    assert all(torch.equal(one, other) for one, other in zip(mine, theirs, strict=True))
    states = [optimiser.state_dict() for optimiser in optimisers]
    assert states[0]["param_groups"] == states[1]["param_groups"]
    for one, other in zip(*(state["state"].values() for state in states), strict=True):
        assert one.keys() == other.keys()
        assert all(torch.equal(one[name], other[name]) for name in one)


def test_large_weights_are_those_of_torch_with_pieces_of_their_size():
    results = []
    for kind in (RMSprop, torch.optim.RMSprop):
        generator = torch.Generator().manual_seed(0)
        weight = torch.randn(3 * rmsprop.PIECE + 5, generator=generator).requires_grad_()
        optimiser = kind([weight], lr=0.01, foreach=True)
        for _ in range(3):
            weight.grad = torch.randn(weight.shape, generator=generator)
            optimiser.step()
        results.append(weight.detach())
    assert torch.equal(*results)


def test_pieces_cover_every_number_once():
    whole = [torch.arange(2.0 * rmsprop.PIECE + 3), torch.zeros(2 * rmsprop.PIECE + 3)]
    assert [len(first) for first, _ in rmsprop.pieces(whole)] == [rmsprop.PIECE, rmsprop.PIECE, 3]
    for numbers, sums in rmsprop.pieces(whole):
        sums += numbers
    assert torch.equal(*whole)
