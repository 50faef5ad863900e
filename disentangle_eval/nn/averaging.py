"""Exponential averages of a network's weights, and the network run with them."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.func import functional_call


class WeightAverage(nn.Module):
    """Averages of a network's parameters over training; a model keeps one as a submodule, so checkpoints hold it.

    Call `follow(network)` once per iteration inside a loss: average = decay * average + (1 - decay) * weight. The
    averages are buffers, no parameters, and no player owns them. The network is not kept: it is handed in each time,
    and its own buffers, such as batch statistics, are used as they are.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        super().__init__()
        if not 0 <= decay < 1:
            raise ValueError(f"decay: received {decay}, expected a share from 0 to below 1")
        self.decay = decay
        self._names = {name.replace(".", "-"): name for name, _ in network.named_parameters()}
        for key, name in self._names.items():
            self.register_buffer(key, network.get_parameter(name).detach().clone())

    @torch.no_grad()
    def follow(self, network: nn.Module) -> None:
        """Move the averages towards the weights as they are now."""
        for key, name in self._names.items():
            self.get_buffer(key).lerp_(network.get_parameter(name), 1 - self.decay)

    def run(self, network: nn.Module, *inputs: Tensor) -> Tensor:
        """What the network computes of its inputs with averaged weights."""
        averages = {name: self.get_buffer(key) for key, name in self._names.items()}
        output: Tensor = functional_call(network, averages, inputs)
        return output
