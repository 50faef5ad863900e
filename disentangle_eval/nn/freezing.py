"""Networks that are not trained: throughout, or in one phase."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class Frozen(nn.Module):
    """A network that no player trains, such as a pretrained one for a loss on features.

    Its parameters take no gradient and belong to no player; it stays in eval mode, whatever the mode of the model, so
    that batch statistics stay too. Gradients flow through it to its inputs. Checkpoints hold its weights.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network.requires_grad_(False)
        self.train(False)

    def train(self, mode: bool = True) -> Frozen:
        """Stay in eval mode."""
        super().train(False)
        return self

    def forward(self, *inputs: Any) -> Any:
        """The network's output; gradients flow to the inputs."""
        return self.network(*inputs)


def run_frozen(network: nn.Module, *inputs: Any) -> Any:
    """What a network computes in eval mode and without gradients; afterwards every part is in the mode it was in.

    For a phase in which a network of another player is used and not trained.
    """
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        with torch.no_grad():
            return network(*inputs)
    finally:
        for module, training in modes:
            module.training = training


def frozen_parameters(model: nn.Module) -> set[nn.Parameter]:
    """The parameters of all `Frozen` networks inside a model."""
    return {p for module in model.modules() if isinstance(module, Frozen) for p in module.parameters()}
