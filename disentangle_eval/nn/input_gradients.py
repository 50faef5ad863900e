"""The gradient of a network for its input, as losses contain it."""

from __future__ import annotations

import torch
from torch import Tensor

from disentangle_eval.runtime.taken_gradients import gradients_of


def input_gradient(outputs: Tensor, x: Tensor) -> Tensor:
    """The gradient of the sum of `outputs` for x, of the shape of x and with a graph, as a gradient penalty needs it.

    Faster than `torch.autograd.grad` with `create_graph=True`, whose graph also has the gradients of weights in layers
    that a CPU computes in ways of our own. `outputs` were computed from x, which takes a gradient.
    """
    with gradients_of([x]):
        (gradient,) = torch.autograd.grad(outputs.sum(), x, create_graph=True)
    return gradient
