"""Which gradients a call of `torch.autograd.grad` takes, for operators of our own.

Autograd computes with PyTorch's operators only what is asked for. An operator in Python does not learn that: it would
compute the gradients of a discriminator's weights along with every gradient that passes through the discriminator.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from torch import Tensor

_taken: ContextVar[frozenset[int] | None] = ContextVar("taken", default=None)


@contextmanager
def gradients_of(parameters: Iterable[Tensor]) -> Iterator[None]:
    """Within, gradients are taken of these tensors and of no other leaf of the graph."""
    token = _taken.set(frozenset(map(id, parameters)))
    try:
        yield
    finally:
        _taken.reset(token)


def is_taken(parameter: Tensor | None) -> bool:
    """Whether the gradient of an operator's input may be used; that of a leaf is where it is taken."""
    taken = _taken.get()
    return parameter is not None and (taken is None or not parameter.is_leaf or id(parameter) in taken)
