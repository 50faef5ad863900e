"""RMSprop that goes through large weights in pieces, so that its intermediate values stay in the cache."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

# Numbers per piece: a piece of weights, gradients, averages and scratch memory together fill 1 MiB.
PIECE = 65_536

# Without the wrapper that imports torch's compiler.
_PYTORCH_STEP = inspect.unwrap(torch.optim.RMSprop.step)


class RMSprop(torch.optim.RMSprop):
    """`torch.optim.RMSprop` to the last bit, with its state, in about two thirds of the time on a CPU.

    PyTorch makes several passes over each parameter, whose intermediate values go through main memory. Here all passes
    over one piece come before those over the next.
    """

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient; PyTorch does it where it has to make the state first."""
        trained = [(group, [p for p in group["params"] if p.grad is not None]) for group in self.param_groups]
        if closure is not None or not all(self._in_pieces(group, parameters) for group, parameters in trained):
            return _PYTORCH_STEP(self, closure)
        for group, parameters in trained:
            for parameter in parameters:
                self.state[parameter]["step"] += 1
                for tensors in pieces(self._tensors(group, parameter)):
                    _update(group, *tensors)
        return None

    def _in_pieces(self, group: dict[str, Any], parameters: list[Tensor]) -> bool:
        plain = isinstance(group["lr"], float) and not (group["centered"] or group["maximize"] or group["capturable"])
        return plain and all(p.device.type == "cpu" and not p.is_complex() and self.state[p] for p in parameters)

    def _tensors(self, group: dict[str, Any], parameter: Tensor) -> list[Tensor]:
        """The parameter, its gradient, the average of its squares and, with momentum, its buffer."""
        state = self.state[parameter]
        assert parameter.grad is not None
        momentum = [state["momentum_buffer"]] if group["momentum"] > 0 else []
        return [parameter, parameter.grad, state["square_avg"], *momentum]


def _update(group: dict[str, Any], p: Tensor, gradient: Tensor, square: Tensor, momentum: Tensor | None = None) -> None:
    if group["weight_decay"]:
        gradient = gradient.add(p, alpha=group["weight_decay"])
    square.mul_(group["alpha"]).addcmul_(gradient, gradient, value=1 - group["alpha"])
    root = square.sqrt().add_(group["eps"])
    if momentum is None:
        p.addcdiv_(gradient, root, value=-group["lr"])
    else:
        momentum.mul_(group["momentum"]).addcdiv_(gradient, root)
        p.add_(momentum, alpha=-group["lr"])


def pieces(tensors: list[Tensor]) -> Iterator[list[Tensor]]:
    """The same tensors in pieces of `PIECE` numbers, in the order of their memory; whole where it is not the same."""
    first = tensors[0]
    if first.numel() <= PIECE or not _is_dense(first) or any(other.stride() != first.stride() for other in tensors):
        yield tensors
        return
    flat = [tensor.detach().as_strided((tensor.numel(),), (1,)) for tensor in tensors]
    yield from map(list, zip(*(tensor.split(PIECE) for tensor in flat), strict=True))


def _is_dense(tensor: Tensor) -> bool:
    return tensor.is_contiguous() or (tensor.dim() == 4 and tensor.is_contiguous(memory_format=torch.channels_last))
