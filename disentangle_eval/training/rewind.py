"""Training state put back as it was, in the tensors that hold it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

from disentangle_eval.training.players import BuiltPlayer
from disentangle_eval.training.step import TrainingStep
from disentangle_eval.training.window import Window


class Rewind:
    """Return to the state at construction: weights, buffers, optimisers, random state, counters and window.

    Values are copied back into the tensors they came from, on which a captured graph works. A tensor that an optimiser
    or the window made meanwhile becomes zero, the start of Adam, RMSprop and sums.
    """

    def __init__(self, model: nn.Module, players: Iterable[BuiltPlayer], step: TrainingStep, window: Window) -> None:
        self._players = tuple(players)
        self._step = step
        self._window = window
        self._places = {
            f"{prefix}{'.' if prefix else ''}{name}": (tensors, name, tensor)
            for prefix, module in model.named_modules()
            for tensors in (module._parameters, module._buffers)
            for name, tensor in tensors.items()
            if tensor is not None
        }
        self._values = {tensor: tensor.detach().clone() for tensor in self._tensors()}
        self._generator = step.generator.get_state()
        self._drawn = step.sampler.drawn
        self._counts = dict(window.counts)

    def replaced(self) -> list[str]:
        """Names of the parameters and buffers that are other tensors than at construction."""
        return [path for path, (tensors, name, tensor) in self._places.items() if tensors[name] is not tensor]

    @torch.no_grad()
    def __call__(self) -> None:
        for tensors, name, tensor in self._places.values():
            tensors[name] = tensor
        for tensor in self._tensors():
            if tensor in self._values:
                tensor.copy_(self._values[tensor])
            else:
                tensor.zero_()
        self._step.generator.set_state(self._generator)
        self._window.counts = dict(self._counts)
        if self._step.queue is None:
            self._step.sampler.drawn = self._drawn
        else:
            self._step.queue.go_back(self._drawn)

    def _tensors(self) -> Iterator[Tensor]:
        yield from (tensor for _, _, tensor in self._places.values())
        for player in self._players:
            for state in player.optimiser.state.values():
                yield from (value for value in state.values() if isinstance(value, Tensor))
        yield from self._window.sums.values()
        yield self._step.iteration
