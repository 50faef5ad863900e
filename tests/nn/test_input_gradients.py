"""The gradient for an input is autograd's, can be differentiated, and leaves the weights alone."""

import torch
from torch import nn

from disentangle_eval.nn.input_gradients import input_gradient
from disentangle_eval.runtime.convolutions import rearrange


def test_a_penalty_on_it_has_the_gradients_of_one_written_out():
    torch.manual_seed(0)
    network = nn.Sequential(nn.ConvTranspose2d(3, 2, 4, stride=2, padding=1), nn.Tanh()).double()
    rearrange(network)
    x = torch.randn(2, 3, 4, 4, dtype=torch.float64, requires_grad=True)

    def penalty(gradient):
        return (gradient.flatten(1).norm(dim=1) - 1).square().mean()

    (plain,) = torch.autograd.grad(network(x).sum(), x, create_graph=True)
    expected = torch.autograd.grad(penalty(plain), network[0].weight)
    found = input_gradient(network(x), x)
    torch.testing.assert_close(found, plain)
    torch.testing.assert_close(torch.autograd.grad(penalty(found), network[0].weight), expected)
    assert network[0].weight.grad is None
