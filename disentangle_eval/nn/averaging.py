"""Exponential averages of a network's weights, and the network evaluated with them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call


class WeightAverage(nn.Module):
    """Averages of a network's parameters over training; a model keeps one as a submodule, so checkpoints hold it.

    Call `follow(network)` once per iteration inside a loss: average = decay * average + (1 - decay) * weight. The
    averages are buffers, no parameters, and no player owns them. The network is not kept: it is an argument each time,
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
        """Move the averages towards the current weights."""
        for key, name in self._names.items():
            self.get_buffer(key).lerp_(network.get_parameter(name), 1 - self.decay)

    def run(self, network: nn.Module, *inputs: Tensor) -> Any:
        """The network's output with averaged weights."""
        return functional_call(network, {name: self.get_buffer(key) for key, name in self._names.items()}, inputs)


class AveragedWeights(nn.Module):
    """A base to name before `Model` for models that can be judged with averages of their networks' weights.

    Call `keep_averages(decay, "encoder", ...)` at the end of the constructor and `follow_weights()` once per iteration
    inside a loss. The model's abilities, such as `encode`, then compute with `averaged("encoder")`; its losses use the
    network itself. Without a decay no averages are kept, and the two are the same.
    """

    def keep_averages(self, decay: float | None, *networks: str) -> None:
        """Keep averages of the networks of these names, from the weights that they have."""
        kept = {name: WeightAverage(getattr(self, name), decay) for name in networks} if decay is not None else {}
        self.averages = nn.ModuleDict(kept)

    def follow_weights(self) -> None:
        """Move all averages towards the current weights."""
        for name in self.averages:
            self._average(name).follow(getattr(self, name))

    def averaged(self, name: str) -> Callable[..., Any]:
        """A network of the model with averaged weights, or the network itself where there are none."""
        network: nn.Module = getattr(self, name)
        return partial(self._average(name).run, network) if name in self.averages else network

    def _average(self, name: str) -> WeightAverage:
        average = self.averages[name]
        assert isinstance(average, WeightAverage)
        return average
