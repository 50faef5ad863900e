"""Exponential averages of weights against their formula."""

import pytest
import torch
from torch import nn

from disentangle_eval.nn.averaging import WeightAverage


def test_the_average_follows_the_weights_and_runs_in_their_place():
    network = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    average = WeightAverage(network, decay=0.75)
    expected = [parameter.detach().clone() for parameter in network.parameters()]
    generator = torch.Generator().manual_seed(0)
    for _ in range(3):
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(torch.randn(parameter.shape, generator=generator))
        average.follow(network)
        expected = [0.75 * e + 0.25 * p.detach() for e, p in zip(expected, network.parameters(), strict=True)]
    x = torch.randn(5, 3, generator=generator)
    w1, b1, w2, b2 = expected
    torch.testing.assert_close(average.run(network, x), (x @ w1.T + b1).tanh() @ w2.T + b2)
    assert not torch.allclose(average.run(network, x), network(x))


def test_averages_are_in_the_checkpoint_and_no_player_s_parameters():
    network = nn.Linear(2, 2)
    average = WeightAverage(network, decay=0.9)
    assert list(average.parameters()) == []
    assert {name: tuple(value.shape) for name, value in average.state_dict().items()} == {
        "weight": (2, 2),
        "bias": (2,),
    }
    again = WeightAverage(nn.Linear(2, 2), decay=0.9)
    again.load_state_dict(average.state_dict())
    torch.testing.assert_close(again.run(network, torch.eye(2)), average.run(network, torch.eye(2)))


@pytest.mark.parametrize("decay", [-0.1, 1.0])
def test_a_decay_that_is_no_share_is_refused(decay):
    with pytest.raises(ValueError, match="decay: received"):
        WeightAverage(nn.Linear(2, 2), decay)
