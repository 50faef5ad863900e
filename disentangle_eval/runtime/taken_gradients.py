"""Which gradients a call of `torch.autograd.grad` takes, for operators of our own.

Autograd computes with PyTorch's operators only what is asked for. An operator in Python does not learn that: it would
compute the gradients of a discriminator's weights along with every gradient that passes through the discriminator.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from torch import Tensor, nn

_taken: ContextVar[frozenset[int] | None] = ContextVar("taken", default=None)


@contextmanager
def gradients_of(parameters: Iterable[Tensor]) -> Iterator[None]:
    """Within, gradients are taken of these tensors and of no other parameter."""
    token = _taken.set(frozenset(map(id, parameters)))
    try:
        yield
    finally:
        _taken.reset(token)


def identity(tensor: Tensor | None) -> int | None:
    """The identity of a parameter or of that of which a tensor is a view; None for another, such as several stacked."""
    whole = tensor._base if tensor is not None and tensor._is_view() else tensor
    return id(whole) if isinstance(whole, nn.Parameter) else None


def is_taken(of: int | None) -> bool:
    """Whether the gradient of the tensor of an `identity` may be used."""
    taken = _taken.get()
    return taken is None or of is None or of in taken
